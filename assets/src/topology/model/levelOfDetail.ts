import { boundsOf } from './geometry'
import type { LayoutDevice, TopologyGraph, TopologyNode } from './graph'

/** Pixels between neighbours from which on they are drawn one by one. */
const LEAF_GAP_PX = 9
const CONTAINER_GAP_PX = 11
/** A container expands before the groups in it do. */
const CONTAINER_BEFORE_GROUPS = 0.7
/** Members whose nearest neighbour is measured to estimate the spacing of a group. */
const SAMPLES = 9

/** Whether a node is drawn as itself at this scale, in pixels per world unit. */
export function isVisible(node: TopologyNode, scale: number): boolean {
  if (node.role === 'container') return node.expandScale === 0 || scale < node.expandScale
  return scale >= node.minScale
}

/** Whether a node is drawn in place of its members at this scale. */
export function isCollapsed(node: TopologyNode, scale: number): boolean {
  return node.members.length > 0 && scale < node.expandScale
}

/** The node that is drawn for another one at this scale: itself, its group head or its container. */
export function representativeAt(node: TopologyNode, scale: number): TopologyNode {
  if (node.container !== null && scale < node.container.expandScale) return node.container
  if (node.groupHead !== null && scale < node.minScale) return node.groupHead
  return node
}

/** Sets `minScale` and `expandScale` of every node. Positions must be known. */
export function setLevelOfDetail<D extends LayoutDevice>(graph: TopologyGraph<D>): void {
  for (const node of graph.order) {
    if (node.members.length > 0) node.expandScale = LEAF_GAP_PX / spacing(node.members, [node])
  }
  for (const container of graph.containers) {
    const shown = container.members.filter(({ groupHead }) => groupHead === null)
    centerContainer(container)
    const own = shown.length > 1 ? CONTAINER_GAP_PX / spacing(shown, []) : 0
    const first = container.members.reduce(
      (least, { groupHead }) => Math.min(least, groupHead?.expandScale ?? Infinity),
      Infinity,
    )
    container.expandScale = Math.min(own, first * CONTAINER_BEFORE_GROUPS)
  }
  for (const node of graph.order) {
    const ofContainer = node.container?.expandScale ?? 0
    node.minScale =
      node.groupHead === null ? ofContainer : Math.max(ofContainer, node.groupHead.expandScale)
  }
}

/** Moves a container to the middle of the devices in it. */
export function centerContainer<D extends LayoutDevice>(container: TopologyNode<D>): void {
  const shown = container.members.filter(({ groupHead }) => groupHead === null)
  const own = shown.filter(({ device }) => device.parent_container_id === container.id)
  const bounds = boundsOf(own.length > 0 ? own : shown)
  if (bounds === null) return
  container.x = (bounds.left + bounds.right) / 2
  container.y = (bounds.top + bounds.bottom) / 2
}

/** The median distance to the nearest neighbour, in world units; of a lone member, to `beside`. */
function spacing<D extends LayoutDevice>(
  members: TopologyNode<D>[],
  beside: TopologyNode<D>[],
): number {
  const step = Math.max(1, Math.floor(members.length / SAMPLES))
  const gaps: number[] = []
  for (let index = 0; index < members.length; index += step) {
    const from = members[index] as TopologyNode<D>
    let nearest = Infinity
    for (const to of members.length > 1 ? members : beside) {
      if (to === from) continue
      nearest = Math.min(nearest, (to.x - from.x) ** 2 + (to.y - from.y) ** 2)
    }
    gaps.push(Math.sqrt(nearest))
  }
  gaps.sort((a, b) => a - b)
  const median = gaps[gaps.length >> 1] ?? 0
  return Number.isFinite(median) && median > 0 ? median : 1
}
