import Graph from 'graphology'
import type { Network, Spot, Wire } from '../model/graph'
import type { Look } from '../render/colorScheme'
import { type Attention, type EdgeLook, spotArt, wireArt } from '../render/style'
import type { Group, Groups } from './nodeGroups'
import { type Summaries, worst } from './aggregateEdges'

/** What sigma draws: the graph, and how its nodes and edges follow from the model. */
export interface Picture {
  graph: Graph
  network: Network
  groups: Groups
  summaries: Summaries
  /** The groups whose members are in the graph, and how many these are. */
  opened: Set<Group>
  memberCount: number
}

/** Paints what is seen from afar; `openGroup` adds what appears together. */
export function paint(
  network: Network,
  summaries: Summaries,
  groups: Groups,
  look: Look,
  attention: Attention,
): Picture {
  const graph = new Graph({ type: 'undirected', multi: true })
  const picture = { graph, network, groups, summaries, opened: new Set<Group>(), memberCount: 0 }
  addSpots(picture, groups.far, look, attention)
  for (const site of network.containers) addSpot(picture, site, look, attention)
  for (const summary of summaries.all) {
    const [a, b] = summary.ends
    const art = wireArt(worst(summary, attention.traced), summary, look, attention)
    graph.addUndirectedEdgeWithKey(summary.key, a.key, b.key, { ...art, type: 'trunk' })
  }
  return picture
}

/** Adds the members of a group. */
export function openGroup(
  picture: Picture,
  group: Group,
  look: Look,
  attention: Attention,
): void {
  if (picture.opened.has(group)) return
  picture.opened.add(group)
  picture.memberCount += group.members.length
  addSpots(picture, group.members, look, attention)
}

/** Adds spots, and the lines between what is in the graph by now. */
function addSpots(picture: Picture, spots: readonly Spot[], look: Look, attention: Attention): void {
  const { graph } = picture
  // Drawn in this order: what matters more comes later, on top.
  for (const spot of [...spots].reverse()) addSpot(picture, spot, look, attention)
  for (const { wires } of spots) {
    for (const wire of wires) {
      const isComplete = graph.hasNode(wire.a.key) && graph.hasNode(wire.b.key)
      if (isComplete && !graph.hasEdge(wire.key)) addWire(picture, wire, look, attention)
    }
  }
}

function addSpot({ graph }: Picture, spot: Spot, look: Look, attention: Attention): void {
  const type = spot.head === null ? 'node' : 'leaf'
  graph.addNode(spot.key, { ...spotArt(spot, look, attention), type })
}

function addWire({ graph }: Picture, wire: Wire, look: Look, attention: Attention): void {
  const type = isDrop(wire) ? 'drop' : 'trunk'
  const art = wireArt(wire, wireWhere(wire), look, attention)
  graph.addUndirectedEdgeWithKey(wire.key, wire.a.key, wire.b.key, { ...art, type })
}

/**
 * Takes over how a spot looks now, if it is in the graph. The events of graphology would cost more
 * than the change.
 */
export function repaintSpot(
  { graph }: Picture,
  spot: Spot,
  look: Look,
  attention: Attention,
): string | null {
  if (!graph.hasNode(spot.key)) return null
  Object.assign(graph.getNodeAttributes(spot.key), spotArt(spot, look, attention))
  return spot.key
}

/** The same for a wire and the lines that stand for it; returns the keys of all. */
export function repaintWire(
  picture: Picture,
  wire: Wire,
  look: Look,
  attention: Attention,
): string[] {
  const { graph } = picture
  const keys: string[] = []
  if (graph.hasEdge(wire.key)) {
    Object.assign(graph.getEdgeAttributes(wire.key), wireArt(wire, wireWhere(wire), look, attention))
    keys.push(wire.key)
  }
  for (const summary of picture.summaries.of(wire)) {
    const art = wireArt(worst(summary, attention.traced), summary, look, attention)
    Object.assign(graph.getEdgeAttributes(summary.key), art)
    keys.push(summary.key)
  }
  return keys
}

function isDrop(wire: Wire): boolean {
  return wire.a.head !== null || wire.b.head !== null
}

function wireWhere(wire: Wire): EdgeLook {
  const showFrom = Math.max(wire.a.showFrom, wire.b.showFrom)
  return { showFrom, hideFrom: 0, isDrop: isDrop(wire) }
}
