import type { Point } from './geometry'
import type { LayoutDevice, TopologyNode } from './graph'

/** World units. A subscriber's icon is 24 wide, so neighbours do not touch. */
export const LEAF_PITCH = 30
const RING_RADIUS_MIN = 70
/** Share of the circle that subscribers are placed on; the feeder enters by the gap at the top. */
const RING_SHARE = 0.84
/** More subscribers than this are placed in a ring. */
const ROW_LEAVES_MAX = 5
const ROW_DROP = 90
const GAP = 48
/** Target ratio of width to height when blocks are packed. */
const ASPECT = 1.7

/** The space that a device takes with all below it. */
export interface Block<D extends LayoutDevice> {
  width: number
  height: number
  /** Where the device itself is, from the block's left and top. */
  x: number
  y: number
  /** The blocks below, with their left and top in this one. */
  inner: { node: TopologyNode<D>; x: number; y: number }[]
}

/** The block of a device without children. */
export const LEAF_BLOCK: Block<never> = {
  width: LEAF_PITCH,
  height: LEAF_PITCH,
  x: LEAF_PITCH / 2,
  y: LEAF_PITCH / 2,
  inner: [],
}

/** The blocks of these nodes, without those of their leaves: `LEAF_BLOCK`. Parents come first in `nodes`. */
export function measureBlocks<D extends LayoutDevice>(
  nodes: TopologyNode<D>[],
  isFree: (node: TopologyNode<D>) => boolean,
): Map<TopologyNode<D>, Block<D>> {
  const blocks = new Map<TopologyNode<D>, Block<D>>()
  for (let index = nodes.length - 1; index >= 0; index -= 1) {
    const node = nodes[index] as TopologyNode<D>
    if (node.children.length === 0) continue
    const leaves: TopologyNode<D>[] = []
    const branches: [TopologyNode<D>, Block<D>][] = []
    for (const child of node.children) {
      if (!isFree(child)) continue
      const block = blocks.get(child)
      if (block === undefined) leaves.push(child)
      else branches.push([child, block])
    }
    const own = leavesBlock(leaves)
    blocks.set(node, branches.length === 0 ? own : stack(own, packBlocks(branches)))
  }
  return blocks
}

/** A device with its subscribers: in a short row below it, or in a ring around it. */
export function leavesBlock<D extends LayoutDevice>(leaves: TopologyNode<D>[]): Block<D> {
  if (leaves.length === 0) return LEAF_BLOCK
  if (leaves.length <= ROW_LEAVES_MAX) {
    const width = leaves.length * LEAF_PITCH
    const inner = leaves.map((node, index) => ({ node, x: index * LEAF_PITCH, y: ROW_DROP }))
    return { width, height: ROW_DROP + LEAF_PITCH, x: width / 2, y: LEAF_PITCH / 2, inner }
  }
  const arc = leaves.length * LEAF_PITCH
  const radius = Math.max(RING_RADIUS_MIN, arc / (2 * Math.PI * RING_SHARE))
  const size = 2 * radius + LEAF_PITCH
  const inner = leaves.map((node, index) => {
    const { x, y } = ringPoint(index, leaves.length, radius)
    return { node, x: radius + x, y: radius + y }
  })
  return { width: size, height: size, x: size / 2, y: size / 2, inner }
}

/** Blocks side by side in rows, in their order. */
export function packBlocks<D extends LayoutDevice>(
  blocks: [TopologyNode<D>, Block<D>][],
): Block<D> {
  const area = blocks.reduce((sum, [, { width, height }]) => sum + (width + GAP) * (height + GAP), 0)
  const widest = blocks.reduce((most, [, { width }]) => Math.max(most, width), 0)
  const limit = Math.max(widest, Math.sqrt(area * ASPECT))
  const rows: { blocks: [TopologyNode<D>, Block<D>][]; width: number; height: number }[] = []
  for (const entry of blocks) {
    const [, block] = entry
    let row = rows.at(-1)
    if (row === undefined || row.width + GAP + block.width > limit) {
      row = { blocks: [], width: -GAP, height: 0 }
      rows.push(row)
    }
    row.blocks.push(entry)
    row.width += GAP + block.width
    row.height = Math.max(row.height, block.height)
  }
  const width = rows.reduce((most, row) => Math.max(most, row.width), 0)
  const inner: Block<D>['inner'] = []
  let y = 0
  for (const row of rows) {
    let x = (width - row.width) / 2
    for (const [node, block] of row.blocks) {
      inner.push({ node, x, y })
      x += block.width + GAP
    }
    y += row.height + GAP
  }
  return { width, height: Math.max(0, y - GAP), x: width / 2, y: 0, inner }
}

/** From the left of the gap, down around the circle to its right; relative to the centre. */
function ringPoint(index: number, count: number, radius: number): Point {
  const share = count === 1 ? 0.5 : index / (count - 1)
  const angle = 2 * Math.PI * ((1 - RING_SHARE) / 2 + share * RING_SHARE)
  return { x: -radius * Math.sin(angle), y: -radius * Math.cos(angle) }
}

/** A device and its subscribers above the blocks of its other children. */
function stack<D extends LayoutDevice>(own: Block<D>, branches: Block<D>): Block<D> {
  const width = Math.max(branches.width, own.width)
  const inner = [
    ...own.inner.map((each) => ({ ...each, x: each.x + (width - own.width) / 2 })),
    ...branches.inner.map((each) => ({
      ...each,
      x: each.x + (width - branches.width) / 2,
      y: each.y + own.height + GAP,
    })),
  ]
  const height = own.height + GAP + branches.height
  return { width, height, x: (width - own.width) / 2 + own.x, y: own.y, inner }
}
