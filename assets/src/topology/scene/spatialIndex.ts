import type { Spot } from '../model/graph'
import { isDrawn, spotPixels } from '../render/style'

/** World units on a side; a PON's ring covers one or two. */
const CELL = 256
/** A finger or a mouse may miss a dot by this much. */
const SLACK_PX = 4

export interface Rect {
  left: number
  top: number
  right: number
  bottom: number
}

/** Finds spots by place. */
export class SpotIndex {
  private readonly cells = new Map<number, Set<Spot>>()
  private readonly where = new Map<Spot, number>()

  clear(): void {
    this.cells.clear()
    this.where.clear()
  }

  put(spot: Spot): void {
    const key = cellOf(Math.floor(spot.x / CELL), Math.floor(spot.y / CELL))
    const before = this.where.get(spot)
    if (before === key) return
    if (before !== undefined) this.cells.get(before)?.delete(spot)
    let cell = this.cells.get(key)
    if (cell === undefined) this.cells.set(key, (cell = new Set()))
    cell.add(spot)
    this.where.set(spot, key)
  }

  /** All spots in a part of the world. */
  *within({ left, top, right, bottom }: Rect): Generator<Spot> {
    const columns = Math.floor(right / CELL) - Math.floor(left / CELL) + 1
    const rows = Math.floor(bottom / CELL) - Math.floor(top / CELL) + 1
    // From afar, going through all spots is less than going through all cells.
    if (columns * rows > this.cells.size) {
      for (const spot of this.where.keys()) {
        if (isInside(spot, left, top, right, bottom)) yield spot
      }
      return
    }
    for (let column = Math.floor(left / CELL); column <= Math.floor(right / CELL); column += 1) {
      for (let row = Math.floor(top / CELL); row <= Math.floor(bottom / CELL); row += 1) {
        for (const spot of this.cells.get(cellOf(column, row)) ?? []) {
          if (isInside(spot, left, top, right, bottom)) yield spot
        }
      }
    }
  }

  /** The drawn spot at a place, or null. `scale`: pixels per world unit. */
  at(x: number, y: number, scale: number): Spot | null {
    const reach = 36 / scale
    let best: Spot | null = null
    let bestBy = 0
    for (const spot of this.within({
      left: x - reach,
      top: y - reach,
      right: x + reach,
      bottom: y + reach,
    })) {
      if (!isDrawn(spot, scale)) continue
      const away = Math.hypot(spot.x - x, spot.y - y) * scale
      const by = spotPixels(spot, scale) / 2 + SLACK_PX - away
      if (by > bestBy) {
        best = spot
        bestBy = by
      }
    }
    return best
  }

  /** The nearest drawn spot in a direction: what an arrow key goes to. */
  towards(from: Spot, [dx, dy]: readonly [number, number], scale: number): Spot | null {
    let best: Spot | null = null
    let bestCost = Infinity
    for (const spot of this.where.keys()) {
      if (spot === from || !isDrawn(spot, scale)) continue
      const [x, y] = [spot.x - from.x, spot.y - from.y]
      const ahead = x * dx + y * dy
      const aside = Math.abs(x * dy - y * dx)
      if (ahead <= 0 || aside > 2 * ahead) continue
      const cost = ahead + 2 * aside
      if (cost < bestCost) [best, bestCost] = [spot, cost]
    }
    return best
  }
}

/** Of cells billions of units away two may share a number: their spots are looked at twice. */
function cellOf(column: number, row: number): number {
  return column * 2 ** 26 + row
}

function isInside(
  { x, y }: Spot,
  left: number,
  top: number,
  right: number,
  bottom: number,
): boolean {
  return x >= left && x <= right && y >= top && y <= bottom
}
