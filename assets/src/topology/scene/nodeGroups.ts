import type { Network, Spot } from '../model/graph'
import type { Rect } from './spatialIndex'

/** A group's members are made ready this much before they appear, by scale and by share of the view. */
const EARLY_SCALE = 0.85
const EARLY_VIEW = 0.25

/** Spots that appear together, and the part of the world that they and the lines between them take. */
export interface Group {
  /** The PON's splitter or the site that stands for them from afar. */
  readonly by: Spot
  readonly members: Spot[]
  /** Pixels per world unit from which on the first of them is drawn. */
  readonly showFrom: number
  bounds: Rect
}

/**
 * Knows which spots can be seen soon: only those are given to the graphics card. A spot with a line
 * that leaves its group belongs to none, for the line may cross a view in which no end of it is;
 * nor does one of `kept`.
 */
export class Groups {
  /** What is always in the picture. */
  readonly far: Spot[] = []
  private readonly groups = new Map<Spot, Group>()
  private readonly firstScale: number

  constructor(network: Network, kept: ReadonlySet<Spot>) {
    const members = new Map<Spot, Spot[]>()
    for (const spot of network.order) {
      const by = spot.head ?? spot.site
      if (by === null || kept.has(spot) || !isWithin(spot)) {
        this.far.push(spot)
        continue
      }
      const list = members.get(by)
      if (list === undefined) members.set(by, [spot])
      else list.push(spot)
    }
    for (const [by, list] of members) {
      const showFrom = list.reduce((first, each) => Math.min(first, each.showFrom), Infinity)
      this.groups.set(by, { by, members: list, showFrom, bounds: boundsOf(by) })
    }
    const first = [...this.groups.values()].reduce((least, each) => Math.min(least, each.showFrom), Infinity)
    this.firstScale = first * EARLY_SCALE
  }

  get all(): Iterable<Group> {
    return this.groups.values()
  }

  /** These spots stand elsewhere now. */
  moved(spots: Iterable<Spot>): void {
    const concerned = new Set<Spot | null>()
    for (const spot of spots) concerned.add(spot).add(spot.head).add(spot.site)
    for (const by of concerned) {
      const group = by === null ? undefined : this.groups.get(by)
      if (group !== undefined) group.bounds = boundsOf(group.by)
    }
  }

  /** The groups whose members are drawn in a part of the world, now or very soon. */
  inView(view: Rect, scale: number): Group[] {
    if (scale < this.firstScale) return []
    const found = new Set<Group>()
    for (const group of this.groups.values()) {
      if (scale < group.showFrom * EARLY_SCALE || !overlap(group.bounds, view)) continue
      // The lines of a PON lead to its splitter.
      const above = group.by.site === null ? undefined : this.groups.get(group.by.site)
      if (above !== undefined) found.add(above)
      found.add(group)
    }
    return [...found]
  }
}

/** A part of the world and some of what lies around it. */
export function widen({ left, top, right, bottom }: Rect): Rect {
  const [dx, dy] = [(right - left) * EARLY_VIEW, (bottom - top) * EARLY_VIEW]
  return { left: left - dx, top: top - dy, right: right + dx, bottom: bottom + dy }
}

/** Whether all lines of a spot stay in its group, or lead to what it stands for itself. */
function isWithin(spot: Spot): boolean {
  const { head, site } = spot
  return spot.wires.every(({ a, b }) => {
    const other = a === spot ? b : a
    if (head !== null) return other === head || other.head === head
    return other.head === spot || (other.head === null && other.site === site)
  })
}

/** A PON with its splitter, for lines lead there; of a site, what is drawn when it opens. */
function boundsOf(by: Spot): Rect {
  const bounds = { left: Infinity, top: Infinity, right: -Infinity, bottom: -Infinity }
  const spots =
    by.role === 'container' ? by.members.filter(({ head }) => head === null) : [by, ...by.members]
  for (const { x, y } of spots) {
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
