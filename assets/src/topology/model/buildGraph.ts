import {
  type LayoutDevice,
  neighbour,
  newEdge,
  newNode,
  type TopologyEdge,
  type TopologyGraph,
  type TopologyNode,
} from './graph'
import { ACCESS_TIER, TIERS } from './tiers'

/** A graph, and the edge that each link is part of; null for a link with an unknown end. */
export interface BuiltGraph<D extends LayoutDevice> extends TopologyGraph<D> {
  edgeOfLink: (TopologyEdge<D> | null)[]
}

/**
 * Connects the devices, and finds the parent and the groups of each. `ends`: the ids of the two
 * devices of each link, one after the other. The same lists give the same graph.
 */
export function buildGraph<D extends LayoutDevice>(
  devices: Iterable<D>,
  ends: ArrayLike<number>,
): BuiltGraph<D> {
  const nodes = new Map<number, TopologyNode<D>>()
  for (const device of devices) nodes.set(device.id, newNode(device))
  const containers = [...nodes.values()].filter(({ role }) => role === 'container')
  const graph: BuiltGraph<D> = { nodes, edges: [], containers, order: [], edgeOfLink: [] }
  for (let index = 0; index < ends.length; index += 2) {
    const [one, other] = [nodes.get(ends[index] ?? -1), nodes.get(ends[index + 1] ?? -1)]
    graph.edgeOfLink.push(edgeBetween(graph, one, other))
  }
  markUnplaced(graph)
  growTree(graph)
  for (const node of graph.order) assignGroups(graph, node)
  return graph
}

/** The edge between two devices, made for their first link. */
function edgeBetween<D extends LayoutDevice>(
  graph: TopologyGraph<D>,
  one: TopologyNode<D> | undefined,
  other: TopologyNode<D> | undefined,
): TopologyEdge<D> | null {
  if (one === undefined || other === undefined || one === other) return null
  const steps = TIERS[one.device.device_type] - TIERS[other.device.device_type]
  const isUpper = steps < 0 || (steps === 0 && one.id < other.id)
  const [a, b] = isUpper ? [one, other] : [other, one]
  // A subscriber has one edge, its splitter dozens: the shorter list is searched.
  const { edges } = a.edges.length < b.edges.length ? a : b
  const known = edges.find((edge) => edge.a === a && edge.b === b)
  if (known !== undefined) return known
  const edge = newEdge(a, b)
  graph.edges.push(edge)
  return edge
}

/**
 * The server stores (0, 0) for a device without a position. The oldest device there counts as
 * placed, the others do not. A container is drawn in the middle of its members.
 */
function markUnplaced<D extends LayoutDevice>(graph: TopologyGraph<D>): void {
  let isTaken = false
  for (const node of graph.nodes.values()) {
    if (node.x !== 0 || node.y !== 0 || node.role === 'container') continue
    node.isUnplaced = isTaken
    isTaken = true
  }
}

/** Breadth first from the backbone; a part that the backbone does not reach, from its uppermost device. */
function growTree<D extends LayoutDevice>(graph: TopologyGraph<D>): void {
  const tiers: TopologyNode<D>[][] = []
  for (const node of graph.nodes.values()) {
    if (node.role !== 'container') (tiers[TIERS[node.device.device_type]] ??= []).push(node)
  }
  // Sorted tier by tier: within a tier the ids are in order already in most cases.
  const byTier = tiers.flatMap((tier) => tier.sort((a, b) => a.id - b.id))
  const seen = new Set<TopologyNode<D>>()
  const queue = graph.order
  const isGateway = (node: TopologyNode<D>): boolean =>
    node.device.device_type === 'BACKBONE_GATEWAY'
  for (const node of byTier) if (isGateway(node)) enter(node, null)
  let next = 0
  for (const root of [null, ...byTier]) {
    if (root !== null) {
      if (seen.has(root)) continue
      enter(root, null)
    }
    for (; next < queue.length; next += 1) {
      const node = queue[next] as TopologyNode<D>
      // Nothing is reached through a subscriber.
      if (node.role === 'leaf' && node.parent !== null) continue
      for (const edge of node.edges) {
        const reached = neighbour(edge, node)
        if (!seen.has(reached)) enter(reached, node)
      }
    }
  }

  function enter(node: TopologyNode<D>, parent: TopologyNode<D> | null): void {
    seen.add(node)
    node.parent = parent
    parent?.children.push(node)
    queue.push(node)
  }
}

function assignGroups<D extends LayoutDevice>(graph: TopologyGraph<D>, node: TopologyNode<D>): void {
  const { parent } = node
  if (parent !== null) {
    const isBelowHead = parent.device.device_type === 'SPLITTER' || node.role === 'leaf'
    node.groupHead = parent.groupHead ?? (isBelowHead && parent.role !== 'leaf' ? parent : null)
  }
  const container = graph.nodes.get(node.device.parent_container_id ?? -1)
  const isAccess = TIERS[node.device.device_type] >= ACCESS_TIER
  if (container?.role === 'container') node.container = container
  else if (isAccess) node.container = parent?.container ?? null
  node.groupHead?.members.push(node)
  node.container?.members.push(node)
}
