import { boundsOf, expand, overlaps, type Rect } from '../model/geometry'
import { neighbour, type TopologyModel, type TopologyNode } from '../model/graph'

/** Members are prepared before they appear: from this share of their scale on, and this share of the view around it. */
const PREPARE_SCALE = 0.85
const PREPARE_VIEW = 0.25

/** Nodes that appear together, and the part of the world that they and the edges between them cover. */
export interface NodeGroup {
  /** The splitter or the container that is drawn in their place while they are collapsed. */
  readonly representative: TopologyNode
  readonly members: TopologyNode[]
  /** Pixels per world unit from which on the first of them is drawn. */
  readonly minScale: number
  bounds: Rect
}

/**
 * Knows which nodes come into view, so that sigma gets no others. A node with an edge that leaves
 * its group belongs to none, because the edge may cross a view that none of its ends is in.
 */
export class NodeGroups {
  /** The nodes that are always in sigma's graph. */
  readonly ungrouped: TopologyNode[] = []
  private readonly groups = new Map<TopologyNode, NodeGroup>()
  private readonly lowestScale: number

  /** `alwaysDrawn`: nodes that belong to no group, whatever their edges. */
  constructor(model: TopologyModel, alwaysDrawn: ReadonlySet<TopologyNode>) {
    const members = new Map<TopologyNode, TopologyNode[]>()
    for (const node of model.order) {
      const representative = node.groupHead ?? node.container
      if (representative === null || alwaysDrawn.has(node) || !hasOnlyInnerEdges(node)) {
        this.ungrouped.push(node)
        continue
      }
      const list = members.get(representative)
      if (list === undefined) members.set(representative, [node])
      else list.push(node)
    }
    let lowestScale = Infinity
    for (const [representative, list] of members) {
      const minScale = list.reduce((first, node) => Math.min(first, node.minScale), Infinity)
      const bounds = groupBounds(representative)
      this.groups.set(representative, { representative, members: list, minScale, bounds })
      lowestScale = Math.min(lowestScale, minScale)
    }
    this.lowestScale = lowestScale * PREPARE_SCALE
  }

  get all(): Iterable<NodeGroup> {
    return this.groups.values()
  }

  /** Updates the bounds after these nodes have moved. */
  nodesMoved(nodes: Iterable<TopologyNode>): void {
    const representatives = new Set<TopologyNode | null>()
    for (const node of nodes) representatives.add(node).add(node.groupHead).add(node.container)
    for (const representative of representatives) {
      const group = representative === null ? undefined : this.groups.get(representative)
      if (group !== undefined) group.bounds = groupBounds(group.representative)
    }
  }

  /** The groups whose members are drawn in a part of the world, now or after a little zooming. */
  inView(view: Rect, scale: number): NodeGroup[] {
    if (scale < this.lowestScale) return []
    const found = new Set<NodeGroup>()
    for (const group of this.groups.values()) {
      if (scale < group.minScale * PREPARE_SCALE || !overlaps(group.bounds, view)) continue
      // The edges of a PON lead to its splitter, which may be a member of its container.
      const { container } = group.representative
      const above = container === null ? undefined : this.groups.get(container)
      if (above !== undefined) found.add(above)
      found.add(group)
    }
    return [...found]
  }
}

/** A view with the surroundings that are prepared with it. */
export function withSurroundings(view: Rect): Rect {
  return expand(view, (view.right - view.left) * PREPARE_VIEW, (view.bottom - view.top) * PREPARE_VIEW)
}

/** Whether all edges of a node stay in its group, or lead to the node that represents it. */
function hasOnlyInnerEdges(node: TopologyNode): boolean {
  const { groupHead, container } = node
  return node.edges.every((edge) => {
    const other = neighbour(edge, node)
    if (groupHead !== null) return other === groupHead || other.groupHead === groupHead
    return other.groupHead === node || (other.groupHead === null && other.container === container)
  })
}

/** A PON with its splitter, where its edges lead; of a container, what is drawn when it expands. */
function groupBounds(representative: TopologyNode): Rect {
  const { members, x, y } = representative
  const nodes =
    representative.role === 'container'
      ? members.filter(({ groupHead }) => groupHead === null)
      : [representative, ...members]
  return boundsOf(nodes) ?? { left: x, top: y, right: x, bottom: y }
}
