import type { Point } from './geometry'
import type { LayoutDevice, TopologyGraph, TopologyNode } from './graph'
import { type Block, LEAF_BLOCK, leavesBlock, measureBlocks, packBlocks } from './layoutBlocks'
import { TIERS } from './tiers'

/** World units between the rows of two tiers, and between the routers of one row. */
const TIER_DROP = 120
const ROUTER_PITCH = 320

/**
 * Positions for the free devices: rows by tier, children under their parents, subscribers around
 * their splitter. The same graph gives the same positions; the other devices keep theirs.
 */
export function treeLayout<D extends LayoutDevice>(
  graph: TopologyGraph<D>,
  isFree: (node: TopologyNode<D>) => boolean,
): Map<TopologyNode<D>, Point> {
  const free = graph.order.filter(isFree)
  const positions = new Map<TopologyNode<D>, Point>()
  if (free.length === 0) return positions
  const blocks = measureBlocks(free, isFree)
  const routers = free.filter(isRouter)
  const below = rootsByAnchor(free, isFree)
  for (const [anchor, roots] of below) if (anchor !== null) placeAround(anchor, roots)
  const fixed = graph.order.filter((node) => !isFree(node))
  const top = fixed.length === 0 ? 0 : lowest(fixed) + 2 * TIER_DROP
  placeRouters(routers, top, positions)
  const packed = packBlocks((below.get(null) ?? []).map((node) => [node, blockOf(node)]))
  const offset = routers.length === 0 ? top : top + 3.6 * TIER_DROP
  for (const { node, x, y } of packed.inner) placeBlock(node, x - packed.width / 2, offset + y)
  return positions

  function placeAround(anchor: TopologyNode<D>, roots: TopologyNode<D>[]): void {
    const placed = anchor.children.filter((child) => !isFree(child))
    if (placed.length === 0 && roots.every(({ children }) => children.length === 0)) {
      const ring = leavesBlock(roots)
      for (const { node, x, y } of ring.inner) {
        placeBlock(node, anchor.x - ring.x + x, anchor.y - ring.y + y)
      }
      return
    }
    const rows = packBlocks(roots.map((node) => [node, blockOf(node)]))
    const above = placed.length === 0 ? anchor.y : lowest(placed)
    for (const { node, x, y } of rows.inner) {
      placeBlock(node, anchor.x - rows.width / 2 + x, above + TIER_DROP + y)
    }
  }

  function blockOf(node: TopologyNode<D>): Block<D> {
    return blocks.get(node) ?? LEAF_BLOCK
  }

  /** Places a block, and everything in it, by its left top corner. */
  function placeBlock(root: TopologyNode<D>, left: number, top: number): void {
    const open = [{ node: root, x: left, y: top }]
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      const block = blockOf(next.node)
      positions.set(next.node, { x: round(next.x + block.x), y: round(next.y + block.y) })
      for (const { node, x, y } of block.inner) {
        open.push({ node, x: next.x + x, y: next.y + y })
      }
    }
  }
}

/** Gateways and core routers have rows of their own at the top. */
function isRouter<D extends LayoutDevice>({ device }: TopologyNode<D>): boolean {
  return TIERS[device.device_type] < TIERS.EDGE_ROUTER
}

/** The uppermost free devices, by the fixed parent that they are placed next to, or null. */
function rootsByAnchor<D extends LayoutDevice>(
  free: TopologyNode<D>[],
  isFree: (node: TopologyNode<D>) => boolean,
): Map<TopologyNode<D> | null, TopologyNode<D>[]> {
  const below = new Map<TopologyNode<D> | null, TopologyNode<D>[]>()
  for (const node of free) {
    const { parent } = node
    if (isRouter(node) || (parent !== null && isFree(parent) && !isRouter(parent))) continue
    const anchor = parent !== null && !isFree(parent) ? parent : null
    const roots = below.get(anchor)
    if (roots === undefined) below.set(anchor, [node])
    else roots.push(node)
  }
  return below
}

function placeRouters<D extends LayoutDevice>(
  routers: TopologyNode<D>[],
  top: number,
  positions: Map<TopologyNode<D>, Point>,
): void {
  for (const tier of [0, 1]) {
    const row = routers.filter(({ device }) => TIERS[device.device_type] === tier)
    row.forEach((node, index) => {
      const x = (index - (row.length - 1) / 2) * ROUTER_PITCH
      positions.set(node, { x, y: top + tier * TIER_DROP * 1.5 })
    })
  }
}

function lowest<D extends LayoutDevice>(nodes: TopologyNode<D>[]): number {
  return nodes.reduce((most, { y }) => Math.max(most, y), -Infinity)
}

function round(value: number): number {
  return Math.round(value * 10) / 10
}
