import { contains, type Point, type Rect } from '../model/geometry'
import type { TopologyNode } from '../model/graph'
import { isVisible } from '../model/levelOfDetail'
import { nodeDiameterPx } from '../render/style'

/** World units on a side; the ring of a PON covers one or two. */
const CELL = 256
/** Half of the largest icon, in pixels, with the slack. */
const REACH_PX = 36
/** A pointer may miss a node by this much. */
const SLACK_PX = 4

/** Finds nodes by position, in a grid of cells. */
export class SpatialIndex {
  private readonly cells = new Map<number, Set<TopologyNode>>()
  private readonly cellOfNode = new Map<TopologyNode, number>()

  clear(): void {
    this.cells.clear()
    this.cellOfNode.clear()
  }

  /** Adds a node, or notes that it has moved. */
  put(node: TopologyNode): void {
    const key = cellKey(Math.floor(node.x / CELL), Math.floor(node.y / CELL))
    const before = this.cellOfNode.get(node)
    if (before === key) return
    if (before !== undefined) this.cells.get(before)?.delete(node)
    let cell = this.cells.get(key)
    if (cell === undefined) this.cells.set(key, (cell = new Set()))
    cell.add(node)
    this.cellOfNode.set(node, key)
  }

  /** All nodes in a part of the world, drawn or not. */
  *within(rect: Rect): Generator<TopologyNode> {
    const [firstColumn, lastColumn] = [Math.floor(rect.left / CELL), Math.floor(rect.right / CELL)]
    const [firstRow, lastRow] = [Math.floor(rect.top / CELL), Math.floor(rect.bottom / CELL)]
    // Zoomed out, there are fewer nodes than cells.
    if ((lastColumn - firstColumn + 1) * (lastRow - firstRow + 1) > this.cells.size) {
      for (const node of this.cellOfNode.keys()) if (contains(rect, node)) yield node
      return
    }
    for (let column = firstColumn; column <= lastColumn; column += 1) {
      for (let row = firstRow; row <= lastRow; row += 1) {
        for (const node of this.cells.get(cellKey(column, row)) ?? []) {
          if (contains(rect, node)) yield node
        }
      }
    }
  }

  /** The drawn node at a world point, or null. `scale`: pixels per world unit. */
  nodeAt({ x, y }: Point, scale: number): TopologyNode | null {
    const reach = REACH_PX / scale
    let best: TopologyNode | null = null
    let bestDepth = 0
    for (const node of this.within({
      left: x - reach,
      top: y - reach,
      right: x + reach,
      bottom: y + reach,
    })) {
      if (!isVisible(node, scale)) continue
      const distance = Math.hypot(node.x - x, node.y - y) * scale
      const depth = nodeDiameterPx(node, scale) / 2 + SLACK_PX - distance
      if (depth > bestDepth) [best, bestDepth] = [node, depth]
    }
    return best
  }

  /** The nearest drawn node in a direction, for the arrow keys. */
  nearestTowards(
    from: TopologyNode,
    [dx, dy]: readonly [number, number],
    scale: number,
  ): TopologyNode | null {
    let best: TopologyNode | null = null
    let bestCost = Infinity
    for (const node of this.cellOfNode.keys()) {
      if (node === from || !isVisible(node, scale)) continue
      const [x, y] = [node.x - from.x, node.y - from.y]
      const ahead = x * dx + y * dy
      const sideways = Math.abs(x * dy - y * dx)
      if (ahead <= 0 || sideways > 2 * ahead) continue
      const cost = ahead + 2 * sideways
      if (cost < bestCost) [best, bestCost] = [node, cost]
    }
    return best
  }
}

/** Two cells billions of units apart may share a key; their nodes are then checked twice. */
function cellKey(column: number, row: number): number {
  return column * 2 ** 26 + row
}
