import type { Point } from './geometry'
import type { TopologyEdge, TopologyNode } from './graph'
import { representativeAt } from './levelOfDetail'

/** The line that an edge is drawn as at some scale. */
export interface EdgeLine {
  from: TopologyNode
  to: TopologyNode
  isCurved: boolean
}

/** A cubic Bézier curve in pixels. */
export interface Curve {
  from: Point
  first: Point
  second: Point
  to: Point
}

/** As the shader draws it. */
const CURVE_STEPS = 24

/** A drop leads to one subscriber and is straight; other lines are curved. */
export function isDrop({ a, b }: TopologyEdge): boolean {
  return a.groupHead !== null || b.groupHead !== null
}

/**
 * The line of an edge: its own, or the one between the groups that its ends are drawn as. Null
 * while both are in the same group. `scale`: pixels per world unit.
 */
export function edgeLine(edge: TopologyEdge, scale: number): EdgeLine | null {
  const { a, b } = edge
  if (scale >= Math.max(a.minScale, b.minScale)) return { from: a, to: b, isCurved: !isDrop(edge) }
  const [from, to] = [representativeAt(a, scale), representativeAt(b, scale)]
  return from === to ? null : { from, to, isCurved: true }
}

/** The curve of a line between two points in pixels, as the shader computes it. */
export function lineCurve(from: Point, to: Point, isCurved: boolean): Curve {
  const [dx, dy] = [to.x - from.x, to.y - from.y]
  const steepness = Math.abs(dy) / (Math.abs(dx) + 1)
  const bend = isCurved ? smoothstep(0.02, 0.16, steepness) * 0.5 : 0
  const [x, y] = [(dx * (1 - 2 * bend)) / 3, (dy * (1 + bend)) / 3]
  return { from, first: { x: from.x + x, y: from.y + y }, second: { x: to.x - x, y: to.y - y }, to }
}

/** The point of a curve at 0 (its start) to 1 (its end). */
export function pointOn({ from, first, second, to }: Curve, t: number): Point {
  const u = 1 - t
  const [one, two, three, four] = [u * u * u, 3 * u * u * t, 3 * u * t * t, t * t * t]
  return {
    x: one * from.x + two * first.x + three * second.x + four * to.x,
    y: one * from.y + two * first.y + three * second.y + four * to.y,
  }
}

/** The distance of a point to a curve. */
export function distanceToCurve(curve: Curve, point: Point): number {
  let best = Infinity
  let before = curve.from
  for (let step = 1; step <= CURVE_STEPS; step += 1) {
    const next = pointOn(curve, step / CURVE_STEPS)
    best = Math.min(best, distanceToSegment(before, next, point))
    before = next
  }
  return best
}

function distanceToSegment(from: Point, to: Point, { x, y }: Point): number {
  const [dx, dy] = [to.x - from.x, to.y - from.y]
  const length = dx * dx + dy * dy
  const along = length === 0 ? 0 : ((x - from.x) * dx + (y - from.y) * dy) / length
  const t = Math.min(1, Math.max(0, along))
  return Math.hypot(x - from.x - t * dx, y - from.y - t * dy)
}

function smoothstep(from: number, to: number, value: number): number {
  const t = Math.min(1, Math.max(0, (value - from) / (to - from)))
  return t * t * (3 - 2 * t)
}
