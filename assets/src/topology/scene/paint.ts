import Graph from 'graphology'
import type { Status } from '../../api/types'
import { type Network, type Spot, type Wire, worse } from '../model/spots'
import type { Look } from '../render/look'
import { type Attention, type EdgeLook, spotArt, wireArt } from './art'

/** A line that stands for several while their ends are folded. */
interface Summary extends EdgeLook {
  key: string
  ends: [Spot, Spot]
  wires: Wire[]
}

/** What sigma draws: the graph, and how its nodes and edges follow from the model. */
export interface Picture {
  graph: Graph
  network: Network
  /** The heads whose members are in the graph, and how many these are. */
  opened: Set<Spot>
  memberCount: number
  summaries: Map<string, Summary>
  summariesOf: Map<Wire, Summary[]>
}

/** Paints what is seen from afar; `openGroup` adds what a head stands for. */
export function paint(network: Network, look: Look, attention: Attention): Picture {
  const graph = new Graph({ type: 'undirected', multi: true })
  const picture: Picture = {
    graph,
    network,
    opened: new Set(),
    memberCount: 0,
    summaries: new Map(),
    summariesOf: new Map(),
  }
  const far = network.order.filter(({ head }) => head === null)
  // Drawn in this order: what matters more comes later, on top.
  for (const spot of far.reverse()) addSpot(picture, spot, look, attention)
  for (const site of network.containers) addSpot(picture, site, look, attention)
  for (const wire of network.wires) {
    if (!isDrop(wire)) addWire(picture, wire, look, attention)
    if (!isWithinGroup(wire)) summarize(picture, wire)
  }
  for (const summary of picture.summaries.values()) {
    const [a, b] = summary.ends
    const art = wireArt(worst(summary, attention.traced), summary, look, attention)
    graph.addUndirectedEdgeWithKey(summary.key, a.key, b.key, { ...art, type: 'trunk' })
  }
  return picture
}

/** Adds the members of a head, and the lines between what is in the graph by now. */
export function openGroup(picture: Picture, head: Spot, look: Look, attention: Attention): void {
  const { graph, opened } = picture
  if (opened.has(head)) return
  opened.add(head)
  picture.memberCount += head.members.length
  // As in `paint`: what stands nearer to the backbone comes on top.
  for (const spot of [...head.members].reverse()) addSpot(picture, spot, look, attention)
  for (const { wires } of head.members) {
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
  for (const summary of picture.summariesOf.get(wire) ?? []) {
    const art = wireArt(worst(summary, attention.traced), summary, look, attention)
    Object.assign(graph.getEdgeAttributes(summary.key), art)
    keys.push(summary.key)
  }
  return keys
}

function isDrop(wire: Wire): boolean {
  return wire.a.head !== null || wire.b.head !== null
}

/** Whether one thing stands for both ends wherever they are not both drawn. */
function isWithinGroup({ a, b }: Wire): boolean {
  return a.site === b.site && (a.head ?? a) === (b.head ?? b)
}

function wireWhere(wire: Wire): EdgeLook {
  const showFrom = Math.max(wire.a.showFrom, wire.b.showFrom)
  return { showFrom, hideFrom: 0, isDrop: isDrop(wire) }
}

/** Adds the lines between what stands for the wire's ends while they are not drawn. */
function summarize(picture: Picture, wire: Wire): void {
  const { a, b } = wire
  const full = Math.max(a.showFrom, b.showFrom)
  if (full === 0) return
  const steps = [a, b].flatMap((spot) => [spot.site?.opensAt ?? 0, spot.showFrom])
  const bounds = [...new Set([0, ...steps])].sort((one, other) => one - other)
  bounds.forEach((from, at) => {
    const until = bounds[at + 1]
    if (until === undefined || from >= full) return
    const middle = (from + until) / 2
    const ends: [Spot, Spot] = [standIn(a, middle), standIn(b, middle)]
    if (ends[0] === ends[1]) return
    const key = `s${ends[0].id}-${ends[1].id}`
    let summary = picture.summaries.get(key)
    if (summary === undefined) {
      summary = { key, ends, wires: [], showFrom: from, hideFrom: until, isDrop: false }
      picture.summaries.set(key, summary)
    }
    summary.showFrom = Math.min(summary.showFrom, from)
    summary.hideFrom = Math.max(summary.hideFrom, until)
    summary.wires.push(wire)
    const list = picture.summariesOf.get(wire)
    if (list === undefined) picture.summariesOf.set(wire, [summary])
    else list.push(summary)
  })
}

/** What is drawn for a spot at a scale. */
export function standIn(spot: Spot, scale: number): Spot {
  if (spot.site !== null && scale < spot.site.opensAt) return spot.site
  if (spot.head !== null && scale < spot.showFrom) return spot.head
  return spot
}

/** The wire that a line is drawn as: as bad as the worst, and traced when one of them is. */
function worst({ wires, ends }: Summary, traced: Attention['traced']): Wire {
  let status: Status = 'UP'
  let drawn = wires[0] as Wire
  for (const wire of wires) {
    status = worse(status, wire.status)
    if (traced.has(wire.key)) drawn = wire
  }
  const [a, b] = ends
  return { ...drawn, a, b, status, signal: null }
}
