import type { ImportReport } from '../api/types'
import { formatCount, formatCounted } from '../utils/format'
import { typeLabel } from './deviceTypes'

/** What a row of each table describes. */
export const TABLE_NOUNS: Record<ImportReport['kind'], string> = {
  devices: 'device',
  links: 'link',
  'cross-connects': 'cross-connect',
}

/** What an import would do, by its dry run, a sentence each. */
export function importForecast(report: ImportReport): string[] {
  const { kind, created, updated, unchanged, interfaces_created: ports, columns_passed_over: ignored } = report
  const { connected, planned, by_type: types } = report
  const lines: string[] = []
  if (created + updated === 0) lines.push('Nothing changes.')
  if (created > 0) {
    const withPorts = ports > 0 ? `, with ${formatCounted(ports, 'new port')}` : ''
    lines.push(`${formatCounted(created, TABLE_NOUNS[kind])} ${created === 1 ? 'is' : 'are'} added${withPorts}.`)
  }
  if (connected > 0) lines.push(`${formatCounted(connected, 'link')} ${connected === 1 ? 'is' : 'are'} added.`)
  if (updated > 0) lines.push(`${formatCounted(updated, TABLE_NOUNS[kind])} ${updated === 1 ? 'is' : 'are'} updated.`)
  if (unchanged > 0) lines.push(`${formatCount(unchanged)} of the rows are as they are already.`)
  lines.push(...types.map(typeLine))
  if (planned > 0) lines.push(`New devices and links that arrive as planned: ${formatCount(planned)}.`)
  if (created > 0 && kind === 'devices') {
    lines.push('A new device alarms nobody while it is planned, retired or not connected yet.')
  }
  if (created + updated > 0 && kind === 'links') lines.push('A link that is planned or retired alarms nobody.')
  if (ignored.length > 0) lines.push(`Columns that are computed are ignored: ${ignored.join(', ')}.`)
  return lines
}

/** What happens to the devices of a type: `ONT: 2 new, 1 unchanged, 2 connected.` */
function typeLine(row: ImportReport['by_type'][number]): string {
  const counts = [
    [row.created, 'new'],
    [row.updated, 'updated'],
    [row.unchanged, 'unchanged'],
    [row.connected, 'connected'],
    [row.planned, 'planned'],
  ] as const
  const texts = counts.filter(([count]) => count > 0).map(([count, word]) => `${formatCount(count)} ${word}`)
  return `${typeLabel(row.device_type)}: ${texts.join(', ')}.`
}
