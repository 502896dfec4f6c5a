/** World coordinates, as devices have them: x grows to the right, y downwards. */
export interface Point {
  x: number
  y: number
}

export interface Rect {
  left: number
  top: number
  right: number
  bottom: number
}

/** The smallest rectangle around these points; null without any. */
export function boundsOf(points: Iterable<Point>): Rect | null {
  const bounds = { left: Infinity, top: Infinity, right: -Infinity, bottom: -Infinity }
  for (const { x, y } of points) {
    bounds.left = Math.min(bounds.left, x)
    bounds.top = Math.min(bounds.top, y)
    bounds.right = Math.max(bounds.right, x)
    bounds.bottom = Math.max(bounds.bottom, y)
  }
  return bounds.left > bounds.right ? null : bounds
}

/** A rectangle that reaches this much further to each side. */
export function expand({ left, top, right, bottom }: Rect, dx: number, dy: number): Rect {
  return { left: left - dx, top: top - dy, right: right + dx, bottom: bottom + dy }
}

export function contains({ left, top, right, bottom }: Rect, { x, y }: Point): boolean {
  return x >= left && x <= right && y >= top && y <= bottom
}

export function overlaps(one: Rect, other: Rect): boolean {
  return (
    one.left <= other.right &&
    one.right >= other.left &&
    one.top <= other.bottom &&
    one.bottom >= other.top
  )
}
