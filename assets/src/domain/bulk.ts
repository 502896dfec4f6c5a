import { formatCount, formatCounted } from '../utils/format'
import { inParts } from '../utils/inParts'

/** Most devices, and most links, of a group of a bulk change; the server's limit. */
const GROUP_IDS_MAX = 10_000
/** The server's limit, which holds the ids of about 50,000 devices. */
const BODY_BYTES_MAX = 512 * 1024
const GROUPS_MAX = 1_000

/** A device or link of a bulk change. */
interface BulkTarget {
  kind: 'device' | 'link'
  id: number
}

/** Ids of devices and links, as a group has them. */
export interface GroupIds {
  device_ids: number[]
  link_ids: number[]
}

/** The ids of targets, as many groups as the server needs. */
export function groupIds(targets: readonly BulkTarget[]): GroupIds[] {
  const of = (kind: BulkTarget['kind']) => targets.filter((target) => target.kind === kind).map(({ id }) => id)
  const [devices, links] = [of('device'), of('link')].map((ids) => inParts(ids, GROUP_IDS_MAX))
  const count = Math.max(devices?.length ?? 0, links?.length ?? 0)
  return Array.from({ length: count }, (_, at) => ({ device_ids: devices?.[at] ?? [], link_ids: links?.[at] ?? [] }))
}

/** Why targets cannot be changed as one entry of the audit trail, and what to do instead; null if they can. */
export function bulkLimitText(groups: readonly Partial<GroupIds>[]): string | null {
  const bytes = new TextEncoder().encode(JSON.stringify({ groups })).length
  if (bytes <= BODY_BYTES_MAX && groups.length <= GROUPS_MAX) return null
  const sum = (key: keyof GroupIds): number => groups.reduce((total, group) => total + (group[key]?.length ?? 0), 0)
  const count = sum('device_ids') + sum('link_ids')
  const selected = formatCounted(count, sum('device_ids') > 0 ? 'device' : 'link')
  if (groups.length > GROUPS_MAX) {
    return `${selected} differ too much from each other for one change. Select fewer, and change them in parts.`
  }
  const most = formatCount(Math.floor((count * BODY_BYTES_MAX) / bytes / 1_000) * 1_000)
  return `${selected} are selected, and one change holds about ${most}. Narrow the list with its filters, and change them in parts.`
}
