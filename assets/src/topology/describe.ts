import type { Link } from '../api/types'
import { typeLabel } from '../domain/deviceTypes'
import { deviceState, linkState, stateLabel } from '../domain/states'
import { formatCount, formatCounted, formatUnit } from '../utils/format'
import type { TopologyEdge, TopologyNode } from './model/graph'

/** A device as a sentence, for screen readers. */
export function describeNode(node: TopologyNode): string {
  const { device, counts, edges } = node
  const parts = [`${device.name}, ${typeLabel(device.device_type)}, ${stateLabel(deviceState(device))}`]
  if (device.status_override !== null) parts.push('overridden by an operator')
  if (device.signal !== null && device.signal.class !== 'OK') {
    parts.push(`signal ${device.signal.class.toLowerCase().replace('_', ' ')}`)
  }
  if (node.members.length > 0) parts.push(describeGroup(node))
  else if (edges.length > 0) parts.push(`${formatCounted(edges.length, 'neighbour')}`)
  if (counts.down + counts.degraded === 0 && node.isUnplaced) parts.push('not placed yet')
  return `${parts.join(', ')}.`
}

/** A link as a sentence, for screen readers. */
export function describeLink(link: Link, { a, b }: TopologyEdge): string {
  const parts = [`Link ${a.device.name} – ${b.device.name}, ${stateLabel(linkState(link, [a.device, b.device]))}`]
  if (link.status_override !== null) parts.push('overridden by an operator')
  if (link.length_km !== null) parts.push(formatUnit(link.length_km, 'km'))
  return `${parts.join(', ')}.`
}

/** What a group holds, as in "32 subscribers, 1 down". */
export function describeGroup({ counts }: TopologyNode): string {
  const parts = [
    counts.leaves > 0
      ? formatCounted(counts.leaves, 'subscriber')
      : formatCounted(counts.devices, 'device'),
  ]
  if (counts.down > 0) parts.push(`${formatCount(counts.down)} down`)
  if (counts.degraded > 0) parts.push(`${formatCount(counts.degraded)} degraded`)
  return parts.join(', ')
}
