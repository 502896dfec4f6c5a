import type { Status } from '../../api/types'
import { type TopologyEdge, type TopologyModel, type TopologyNode, worseStatus } from '../model/graph'
import { representativeAt } from '../model/levelOfDetail'
import type { EdgeVisibility, Highlight } from '../render/style'

/** A line that is drawn in place of several edges while an end of them is collapsed. */
export interface AggregateEdge extends EdgeVisibility {
  /** The key of the edge in sigma's graph. */
  key: string
  ends: [TopologyNode, TopologyNode]
  edges: TopologyEdge[]
}

/** The aggregates of all edges that leave their group. */
export class AggregateEdges {
  readonly ends = new Set<TopologyNode>()
  private readonly byKey = new Map<string, AggregateEdge>()
  private readonly byEdge = new Map<TopologyEdge, AggregateEdge[]>()

  constructor(model: TopologyModel) {
    for (const edge of model.edges) if (!isWithinGroup(edge)) this.aggregate(edge)
  }

  get all(): Iterable<AggregateEdge> {
    return this.byKey.values()
  }

  of(edge: TopologyEdge): readonly AggregateEdge[] {
    return this.byEdge.get(edge) ?? []
  }

  /** Adds the edge to an aggregate for each range of scales in which an end of it is collapsed. */
  private aggregate(edge: TopologyEdge): void {
    const { a, b } = edge
    const fullScale = Math.max(a.minScale, b.minScale)
    if (fullScale === 0) return
    const steps = [a, b].flatMap((node) => [node.container?.expandScale ?? 0, node.minScale])
    const bounds = [...new Set([0, ...steps])].sort((one, other) => one - other)
    bounds.forEach((from, index) => {
      const until = bounds[index + 1]
      if (until === undefined || from >= fullScale) return
      const middle = (from + until) / 2
      const ends: [TopologyNode, TopologyNode] = [
        representativeAt(a, middle),
        representativeAt(b, middle),
      ]
      if (ends[0] === ends[1]) return
      const aggregate = this.between(ends)
      aggregate.minScale = Math.min(aggregate.minScale, from)
      aggregate.maxScale = Math.max(aggregate.maxScale, until)
      aggregate.edges.push(edge)
      const list = this.byEdge.get(edge)
      if (list === undefined) this.byEdge.set(edge, [aggregate])
      else list.push(aggregate)
    })
  }

  private between(ends: [TopologyNode, TopologyNode]): AggregateEdge {
    const key = `a${ends[0].id}-${ends[1].id}`
    let aggregate = this.byKey.get(key)
    if (aggregate === undefined) {
      aggregate = { key, ends, edges: [], minScale: Infinity, maxScale: 0, isDrop: false }
      this.byKey.set(key, aggregate)
      for (const end of ends) this.ends.add(end)
    }
    return aggregate
  }
}

/** An edge to style an aggregate by: with the worst status, and traced if one of its edges is. */
export function worstEdge({ edges, ends }: AggregateEdge, traced: Highlight['traced']): TopologyEdge {
  let status: Status = 'UP'
  let shown = edges[0] as TopologyEdge
  for (const edge of edges) {
    status = worseStatus(status, edge.status)
    if (traced.has(edge.key)) shown = edge
  }
  const [a, b] = ends
  return { ...shown, a, b, status, signal: null }
}

/** Whether both ends are collapsed into the same node at every scale at which one of them is. */
function isWithinGroup({ a, b }: TopologyEdge): boolean {
  if (a.container !== b.container) return false
  return (a.groupHead === null && b.groupHead === null) || (a.groupHead ?? a) === (b.groupHead ?? b)
}
