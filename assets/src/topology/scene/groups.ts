import type { Network, Spot } from '../model/spots'
import type { Rect } from './index'

/** A group's members are made ready this much before they appear, by scale and by share of the view. */
const EARLY_SCALE = 0.85
const EARLY_VIEW = 0.25

/** What a head stands for from afar, and the part of the world that it takes. */
export interface Group {
  readonly head: Spot
  bounds: Rect
}

/** Knows which groups' members can be seen soon: only those are given to the graphics card. */
export class Groups {
  private readonly byHead = new Map<Spot, Group>()
  private firstScale = Infinity

  constructor(network: Network) {
    for (const head of network.order) {
      if (head.members.length === 0) continue
      this.byHead.set(head, { head, bounds: boundsOf(head) })
      this.firstScale = Math.min(this.firstScale, head.opensAt)
    }
  }

  get all(): Iterable<Group> {
    return this.byHead.values()
  }

  /** Members of this head stand elsewhere now. */
  moved(head: Spot): void {
    const group = this.byHead.get(head)
    if (group !== undefined) group.bounds = boundsOf(head)
  }

  /** The groups whose members are drawn in a part of the world, now or very soon. */
  inView(view: Rect, scale: number): Group[] {
    if (scale < this.firstScale * EARLY_SCALE) return []
    return [...this.byHead.values()].filter(
      ({ head, bounds }) => scale >= head.opensAt * EARLY_SCALE && overlap(bounds, view),
    )
  }
}

/** A part of the world and some of what lies around it. */
export function widen({ left, top, right, bottom }: Rect): Rect {
  const [dx, dy] = [(right - left) * EARLY_VIEW, (bottom - top) * EARLY_VIEW]
  return { left: left - dx, top: top - dy, right: right + dx, bottom: bottom + dy }
}

/** With the head, for lines lead from it to its members. */
function boundsOf(head: Spot): Rect {
  const bounds = { left: Infinity, top: Infinity, right: -Infinity, bottom: -Infinity }
  for (const { x, y } of [head, ...head.members]) {
    bounds.left = Math.min(bounds.left, x)
    bounds.top = Math.min(bounds.top, y)
    bounds.right = Math.max(bounds.right, x)
    bounds.bottom = Math.max(bounds.bottom, y)
  }
  return bounds
}

function overlap(one: Rect, other: Rect): boolean {
  return (
    one.left <= other.right &&
    one.right >= other.left &&
    one.top <= other.bottom &&
    one.bottom >= other.top
  )
}
