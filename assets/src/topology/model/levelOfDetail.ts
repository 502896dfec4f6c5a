import type { Placed, Shape, Spot } from './graph'

/** Pixels between neighbours from which on they are told apart. */
const LEAF_GAP_PX = 9
const SITE_GAP_PX = 11
/** A site opens before its PONs do. */
const SITE_BEFORE_LEAVES = 0.7
/** Neighbours looked at to judge how close the members of a group stand. */
const SAMPLES = 9

/** Decides from which scale on the members of each group are drawn. Positions must be known. */
export function setDetail<D extends Placed>(network: Shape<D>): void {
  for (const spot of network.order) {
    if (spot.members.length > 0) spot.opensAt = LEAF_GAP_PX / spacing(spot.members, [spot])
  }
  for (const site of network.containers) {
    const shown = site.members.filter(({ head }) => head === null)
    placeContainer(site)
    const own = shown.length > 1 ? SITE_GAP_PX / spacing(shown, []) : 0
    const first = site.members.reduce(
      (least, { head }) => Math.min(least, head?.opensAt ?? Infinity),
      Infinity,
    )
    site.opensAt = Math.min(own, first * SITE_BEFORE_LEAVES)
  }
  for (const spot of network.order) {
    const site = spot.site?.opensAt ?? 0
    spot.showFrom = spot.head === null ? site : Math.max(site, spot.head.opensAt)
  }
}

/** A group stands in the middle of what it holds. */
export function placeContainer<D extends Placed>(site: Spot<D>): void {
  const shown = site.members.filter(({ head }) => head === null)
  const own = shown.filter(({ device }) => device.parent_container_id === site.id)
  const around = own.length > 0 ? own : shown
  if (around.length === 0) return
  const xs = around.map(({ x }) => x)
  const ys = around.map(({ y }) => y)
  site.x = (least(xs) + most(xs)) / 2
  site.y = (least(ys) + most(ys)) / 2
}

/** The typical distance between neighbours, in world units. */
function spacing<D extends Placed>(members: Spot<D>[], beside: Spot<D>[]): number {
  const step = Math.max(1, Math.floor(members.length / SAMPLES))
  const gaps: number[] = []
  for (let at = 0; at < members.length; at += step) {
    const from = members[at] as Spot<D>
    let nearest = Infinity
    for (const to of members.length > 1 ? members : beside) {
      if (to === from) continue
      nearest = Math.min(nearest, (to.x - from.x) ** 2 + (to.y - from.y) ** 2)
    }
    gaps.push(Math.sqrt(nearest))
  }
  gaps.sort((a, b) => a - b)
  const middle = gaps[gaps.length >> 1] ?? 0
  return Number.isFinite(middle) && middle > 0 ? middle : 1
}

function least(values: number[]): number {
  return values.reduce((a, b) => Math.min(a, b))
}

function most(values: number[]): number {
  return values.reduce((a, b) => Math.max(a, b))
}
