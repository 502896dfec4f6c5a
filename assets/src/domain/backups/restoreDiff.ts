import type { Restore, RestoreExample } from '../../api/types'
import { formatCount, formatCounted, formatNumber } from '../../utils/format'

/** A count before and after. */
export interface CountRow {
  kind: string
  now: string
  after: string
  /** With its sign; `same` where nothing changes. */
  change: string
}

/** What happens to the devices of one kind. */
export interface ChangeGroup {
  change: RestoreExample['change']
  sign: string
  words: string
  examples: RestoreExample[]
  /** Those that have no example. */
  more: number
}

const KINDS: Record<keyof Restore['counts'], string> = {
  devices: 'Devices',
  interfaces: 'Interfaces',
  links: 'Links',
}

/** The sign before a name, and the verb before and after the restore. */
const CHANGES = {
  removed: { sign: '\u2212', words: 'will be removed', did: 'were removed' },
  added: { sign: '+', words: 'will come back', did: 'came back' },
  changed: { sign: '~', words: 'will change back', did: 'changed back' },
} as const

export function countRows({ counts }: Restore): CountRow[] {
  return (['devices', 'interfaces', 'links'] as const).map((kind) => {
    const { now, after } = counts[kind]
    const by = after - now
    const change = by === 0 ? 'same' : `${by > 0 ? '+' : ''}${formatNumber(by)}`
    return { kind: KINDS[kind], now: formatCount(now), after: formatCount(after), change }
  })
}

/** Removed devices first. Groups without a device are left out. */
export function changeGroups({ devices, is_dry_run: isDry }: Restore): ChangeGroup[] {
  return (['removed', 'added', 'changed'] as const).flatMap((change) => {
    const count = devices[change]
    if (count === 0) return []
    const { sign, words, did } = CHANGES[change]
    const examples = devices.examples.filter((each) => each.change === change)
    const text = `${formatCounted(count, 'device')} ${isDry ? words : did}`
    return [{ change, sign, words: one(text, count), examples, more: Math.max(0, count - examples.length) }]
  })
}

function one(text: string, count: number): string {
  if (count !== 1) return text
  return text.replace(' were ', ' was ')
}

/**
 * How many changes go, in words; null where none does.
 */
export function lossText({ changes_lost: lost, is_dry_run: isDry }: Restore, isUndo: boolean): string | null {
  if (lost <= 0) return null
  const since = isUndo ? ' made since' : ''
  return `${formatCounted(lost, 'change')}${since} ${isDry ? 'will be lost' : lost === 1 ? 'was lost' : 'were lost'}`
}

/** Nothing is lost and nothing changes: the site is what the backup holds. */
export function isUnchanged({ changes_lost: lost, devices, counts }: Restore): boolean {
  const changed = devices.added + devices.removed + devices.changed
  return lost === 0 && changed === 0 && Object.values(counts).every(({ now, after }) => now === after)
}
