import type { Placed, Shape, Spot } from './graph'
import { TIERS } from './tiers'

/** World units. A subscriber's icon is 24 wide, so its neighbours stay apart. */
export const LEAF_PITCH = 30
const RADIUS_MIN = 70
/** Share of the circle that subscribers stand on; the feeder comes through the gap at the top. */
const ARC = 0.84
const ROW_MAX = 5
const ROW_DROP = 90
const TIER_DROP = 120
const GAP = 48
const CORE_PITCH = 320
/** Width by height that a group of blocks strives for. */
const ASPECT = 1.7

export interface Point {
  x: number
  y: number
}

/** Room that a device and all below it take: from its own place to each side and down. */
interface Block<D extends Placed> {
  width: number
  height: number
  /** Its place in the block, from the left and from the top. */
  x: number
  y: number
  /** The blocks below, by their place in this one. */
  inner: { spot: Spot<D>; x: number; y: number }[]
}

/**
 * Places for devices without a position: tiers by type, children under their parents,
 * subscribers around their splitter. The same network gives the same places; devices that have
 * a position keep it.
 */
export function layOut<D extends Placed>(
  network: Shape<D>,
  isFree: (spot: Spot<D>) => boolean,
): Map<Spot<D>, Point> {
  const free = network.order.filter(isFree)
  const places = new Map<Spot<D>, Point>()
  if (free.length === 0) return places
  const blocks = measure(free, isFree)
  const isRouted = (spot: Spot<D>): boolean => TIERS[spot.device.device_type] < TIERS.EDGE_ROUTER
  const isRoot = (spot: Spot<D>): boolean =>
    spot.parent === null || !isFree(spot.parent) || isRouted(spot.parent)
  const routed = free.filter(isRouted)
  const roots = free.filter((spot) => !isRouted(spot) && isRoot(spot))
  const fixed = network.order.filter((spot) => !isFree(spot))
  const below = new Map<Spot<D> | null, Spot<D>[]>()
  for (const root of roots) {
    const anchor = root.parent !== null && !isFree(root.parent) ? root.parent : null
    const list = below.get(anchor)
    if (list === undefined) below.set(anchor, [root])
    else list.push(root)
  }
  for (const [anchor, group] of below) if (anchor !== null) hang(anchor, group)
  const rest = below.get(null) ?? []
  const top = fixed.length === 0 ? 0 : floor(fixed) + 2 * TIER_DROP
  const rows = [0, 1].map((tier) =>
    routed.filter(({ device }) => TIERS[device.device_type] === tier),
  )
  rows.forEach((row, tier) => {
    row.forEach((spot, index) => {
      const x = (index - (row.length - 1) / 2) * CORE_PITCH
      places.set(spot, { x, y: top + tier * TIER_DROP * 1.5 })
    })
  })
  const packed = pack(rest.map((spot) => [spot, blockOf(spot)]))
  const offset = routed.length === 0 ? top : top + 3.6 * TIER_DROP
  for (const { spot, x, y } of packed.inner) settle(spot, x - packed.width / 2, offset + y)
  return places

  function hang(anchor: Spot<D>, group: Spot<D>[]): void {
    const standing = anchor.children.filter((child) => !isFree(child))
    if (standing.length === 0 && group.every(({ children }) => children.length === 0)) {
      const ring = fan(group)
      for (const { spot, x, y } of ring.inner) {
        settle(spot, anchor.x - ring.x + x, anchor.y - ring.y + y)
      }
      return
    }
    const around = pack(group.map((spot) => [spot, blockOf(spot)]))
    const y = standing.length === 0 ? anchor.y : floor(standing)
    for (const each of around.inner) {
      settle(each.spot, anchor.x - around.width / 2 + each.x, y + TIER_DROP + each.y)
    }
  }

  function blockOf(spot: Spot<D>): Block<D> {
    return blocks.get(spot) ?? POINT
  }

  /** Puts a block and all in it where its left top corner is. */
  function settle(root: Spot<D>, left: number, top: number): void {
    const open = [{ spot: root, x: left, y: top }]
    for (let each = open.pop(); each !== undefined; each = open.pop()) {
      const block = blockOf(each.spot)
      places.set(each.spot, { x: round(each.x + block.x), y: round(each.y + block.y) })
      for (const { spot, x, y } of block.inner) {
        open.push({ spot, x: each.x + x, y: each.y + y })
      }
    }
  }
}

/** From the leaves upwards, for a parent's room follows from its children's. */
function measure<D extends Placed>(
  free: Spot<D>[],
  isFree: (spot: Spot<D>) => boolean,
): Map<Spot<D>, Block<D>> {
  const blocks = new Map<Spot<D>, Block<D>>()
  for (let at = free.length - 1; at >= 0; at -= 1) {
    const spot = free[at] as Spot<D>
    // One that nothing hangs off takes the room of its icon; most are of this kind.
    if (spot.children.length === 0) continue
    const leaves: Spot<D>[] = []
    const parts: [Spot<D>, Block<D>][] = []
    for (const child of spot.children) {
      if (!isFree(child)) continue
      const block = blocks.get(child)
      if (block === undefined) leaves.push(child)
      else parts.push([child, block])
    }
    if (parts.length === 0) blocks.set(spot, fan(leaves))
    else blocks.set(spot, under(pack(parts), fan(leaves)))
  }
  return blocks
}

const POINT: Block<never> = {
  width: LEAF_PITCH,
  height: LEAF_PITCH,
  x: LEAF_PITCH / 2,
  y: LEAF_PITCH / 2,
  inner: [],
}

/** Subscribers of one splitter: a short row below it, or a ring around it. */
function fan<D extends Placed>(leaves: Spot<D>[]): Block<D> {
  if (leaves.length === 0) return POINT
  const half = LEAF_PITCH / 2
  if (leaves.length <= ROW_MAX) {
    const width = leaves.length * LEAF_PITCH
    const inner = leaves.map((spot, index) => ({ spot, x: index * LEAF_PITCH, y: ROW_DROP }))
    return { width, height: ROW_DROP + LEAF_PITCH, x: width / 2, y: half, inner }
  }
  const radius = ringRadius(leaves.length)
  const size = 2 * radius + LEAF_PITCH
  const inner = leaves.map((spot, index) => {
    const { x, y } = ringPlace(index, leaves.length, radius)
    return { spot, x: radius + x, y: radius + y }
  })
  return { width: size, height: size, x: size / 2, y: size / 2, inner }
}

function ringRadius(count: number): number {
  return Math.max(RADIUS_MIN, (count * LEAF_PITCH) / (2 * Math.PI * ARC))
}

/** From the left of the gap around the bottom to its right; from the centre. */
function ringPlace(index: number, count: number, radius: number): Point {
  const share = count === 1 ? 0.5 : index / (count - 1)
  const angle = 2 * Math.PI * ((1 - ARC) / 2 + share * ARC)
  return { x: -radius * Math.sin(angle), y: -radius * Math.cos(angle) }
}

/** A parent above its blocks, with its own subscribers around it. */
function under<D extends Placed>(branches: Block<D>, own: Block<D>): Block<D> {
  const width = Math.max(branches.width, own.width)
  const top = own.height
  const inner = [
    ...own.inner.map((each) => ({ ...each, x: each.x + (width - own.width) / 2 })),
    ...branches.inner.map((each) => ({
      ...each,
      x: each.x + (width - branches.width) / 2,
      y: each.y + top + GAP,
    })),
  ]
  const height = top + GAP + branches.height
  return { width, height, x: (width - own.width) / 2 + own.x, y: own.y, inner }
}

/** Blocks side by side in rows, in their order. */
function pack<D extends Placed>(parts: [Spot<D>, Block<D>][]): Block<D> {
  const area = parts.reduce((sum, [, { width, height }]) => sum + (width + GAP) * (height + GAP), 0)
  const widest = parts.reduce((most, [, { width }]) => Math.max(most, width), 0)
  const limit = Math.max(widest, Math.sqrt(area * ASPECT))
  const rows: { parts: [Spot<D>, Block<D>][]; width: number; height: number }[] = []
  for (const part of parts) {
    const [, block] = part
    let row = rows.at(-1)
    if (row === undefined || row.width + GAP + block.width > limit) {
      row = { parts: [], width: -GAP, height: 0 }
      rows.push(row)
    }
    row.parts.push(part)
    row.width += GAP + block.width
    row.height = Math.max(row.height, block.height)
  }
  const width = rows.reduce((most, row) => Math.max(most, row.width), 0)
  const inner: Block<D>['inner'] = []
  let y = 0
  for (const row of rows) {
    let x = (width - row.width) / 2
    for (const [spot, block] of row.parts) {
      inner.push({ spot, x, y })
      x += block.width + GAP
    }
    y += row.height + GAP
  }
  return { width, height: Math.max(0, y - GAP), x: width / 2, y: 0, inner }
}

function floor<D extends Placed>(spots: Spot<D>[]): number {
  return spots.reduce((lowest, { y }) => Math.max(lowest, y), -Infinity)
}

function round(value: number): number {
  return Math.round(value * 10) / 10
}
