import { linkRule } from '../domain/linkRules'
import type { TopologyNode } from './model/graph'

/** Whether a link may end at a node; with its first end, whether a rule allows the pair. */
export function canConnect(from: TopologyNode | null, node: TopologyNode): boolean {
  return connectRefusal(from, node) === null
}

/** Why a link may not end at a node, as the server would say it; null if it may. */
export function connectRefusal(from: TopologyNode | null, node: TopologyNode): string | null {
  if (node.role === 'container') return 'A container cannot be the end of a link.'
  if (from === null) return null
  if (from === node) return 'A device cannot be linked to itself.'
  const [a, b] = [from.device.device_type, node.device.device_type]
  return linkRule(a, b) === null ? `No valid link rule between ${a} and ${b}.` : null
}
