import Graph from 'graphology'
import type { TopologyEdge, TopologyModel, TopologyNode } from '../model/graph'
import { isDrop } from '../model/edgeLine'
import { type Appearance, type EdgeVisibility, edgeStyle, nodeStyle } from '../render/style'
import { type AggregateEdge, AggregateEdges, worstEdge } from './aggregateEdges'
import { type NodeGroup, NodeGroups } from './nodeGroups'

/**
 * The graph that sigma draws: always the nodes that are drawn zoomed out, and the members of the
 * groups that were added.
 */
export class SceneGraph {
  readonly graph = new Graph({ type: 'undirected', multi: true })
  /** How many members of groups are in the graph. */
  memberCount = 0
  private readonly added = new Set<NodeGroup>()

  constructor(
    readonly model: TopologyModel,
    private readonly appearance: Appearance,
    private readonly aggregates = new AggregateEdges(model),
    readonly groups = new NodeGroups(model, aggregates.ends),
  ) {
    this.addNodes(groups.ungrouped)
    for (const container of model.containers) this.addNode(container)
    for (const aggregate of aggregates.all) {
      const [a, b] = aggregate.ends
      const style = this.aggregateStyle(aggregate)
      this.graph.addUndirectedEdgeWithKey(aggregate.key, a.key, b.key, { ...style, type: 'trunk' })
    }
  }

  /** The same graph without the members of groups. */
  withoutGroups(): SceneGraph {
    return new SceneGraph(this.model, this.appearance, this.aggregates, this.groups)
  }

  hasGroup(group: NodeGroup): boolean {
    return this.added.has(group)
  }

  /** Adds the members of a group, and the edges between them and what is in the graph. */
  addGroup(group: NodeGroup): void {
    if (this.added.has(group)) return
    this.added.add(group)
    this.memberCount += group.members.length
    this.addNodes(group.members)
  }

  /**
   * Updates the style of a node; returns its key, or null if it is not in the graph. Assigns the
   * attributes directly: graphology's events would cost more than the change.
   */
  updateNode(node: TopologyNode): string | null {
    if (!this.graph.hasNode(node.key)) return null
    Object.assign(this.graph.getNodeAttributes(node.key), nodeStyle(node, this.appearance))
    return node.key
  }

  /** Updates the style of an edge and of its aggregates; returns the keys of those in the graph. */
  updateEdge(edge: TopologyEdge): string[] {
    const keys: string[] = []
    if (this.graph.hasEdge(edge.key)) {
      const style = edgeStyle(edge, visibilityOf(edge), this.appearance)
      Object.assign(this.graph.getEdgeAttributes(edge.key), style)
      keys.push(edge.key)
    }
    for (const aggregate of this.aggregates.of(edge)) {
      const style = this.aggregateStyle(aggregate)
      Object.assign(this.graph.getEdgeAttributes(aggregate.key), style)
      keys.push(aggregate.key)
    }
    return keys
  }

  private addNodes(nodes: readonly TopologyNode[]): void {
    const { graph } = this
    // Nodes are drawn in this order: those nearer to the backbone come last, on top.
    for (const node of [...nodes].reverse()) this.addNode(node)
    for (const { edges } of nodes) {
      for (const edge of edges) {
        const isComplete = graph.hasNode(edge.a.key) && graph.hasNode(edge.b.key)
        if (isComplete && !graph.hasEdge(edge.key)) this.addEdge(edge)
      }
    }
  }

  private addNode(node: TopologyNode): void {
    const type = node.groupHead === null ? 'node' : 'leaf'
    this.graph.addNode(node.key, { ...nodeStyle(node, this.appearance), type })
  }

  private addEdge(edge: TopologyEdge): void {
    const type = isDrop(edge) ? 'drop' : 'trunk'
    const style = edgeStyle(edge, visibilityOf(edge), this.appearance)
    this.graph.addUndirectedEdgeWithKey(edge.key, edge.a.key, edge.b.key, { ...style, type })
  }

  private aggregateStyle(aggregate: AggregateEdge): ReturnType<typeof edgeStyle> {
    const edge = worstEdge(aggregate, this.appearance.highlight.traced)
    return edgeStyle(edge, aggregate, this.appearance)
  }
}

function visibilityOf(edge: TopologyEdge): EdgeVisibility {
  const minScale = Math.max(edge.a.minScale, edge.b.minScale)
  return { minScale, maxScale: 0, isDrop: isDrop(edge) }
}
