import type { Backup, Pruning, Retention } from '../../api/types'
import { formatBytes, formatCount, formatCounted } from '../../utils/format'
import { formatCopies } from './labels'

/** A file that goes, here or on a target. */
export interface RemovedFile {
  id: string
  /** Null: not in the list of this page. */
  backup: Backup | null
  /** Where it goes: `this host`, names of targets. */
  places: string[]
  bytes: number
}

/** The rules, as facts. */
export function retentionFacts({ last, daily, weekly, monthly }: Retention): { name: string; value: string }[] {
  return [
    { name: 'Newest', value: formatCount(last) },
    { name: 'One a day, for', value: formatCounted(daily, 'day') },
    { name: 'One a week, for', value: formatCounted(weekly, 'week') },
    { name: 'One a month, for', value: formatCounted(monthly, 'month') },
  ]
}

/** What a pruning does, in sentences. */
export function pruningText(
  { keep, remove, bytes_freed: freed, targets }: Pruning,
  subject = 'The next pruning',
): string {
  const copies = targets.reduce((sum, each) => sum + each.remove.length, 0)
  if (remove.length + copies === 0) {
    return `${subject} removes nothing: ${formatCounted(keep.length, 'backup')} kept.`
  }
  const here = remove.length === 0 ? 'nothing here' : `${formatCounted(remove.length, 'backup')}, ${formatBytes(freed)}`
  const there = copies === 0 ? '' : `, and ${formatCopies(copies)} off the host`
  return `${subject} removes ${here}${there}. ${formatCounted(keep.length, 'backup')} remain${keep.length === 1 ? 's' : ''}.`
}

/** Each file that goes, once, with all places it goes from. */
export function removedFiles({ remove, targets }: Pruning, backups: readonly Backup[]): RemovedFile[] {
  const known = new Map(backups.map((backup) => [backup.id, backup]))
  const rows = new Map<string, RemovedFile>()
  const rowOf = (id: string): RemovedFile => {
    const backup = known.get(id) ?? null
    const row = rows.get(id) ?? { id, backup, places: [], bytes: backup?.bytes ?? 0 }
    rows.set(id, row)
    return row
  }
  for (const { id, bytes } of remove) Object.assign(rowOf(id), { places: ['this host'], bytes })
  for (const { target, remove: ids } of targets) {
    for (const id of ids) rowOf(id).places.push(target)
  }
  return [...rows.values()].sort((a, b) => b.id.localeCompare(a.id))
}
