import type { Status } from '../../api/types'
import { type Network, type Spot, type Wire, worse } from '../model/graph'
import type { Attention, EdgeLook } from '../render/style'

/** A line that stands for several while their ends are folded. */
export interface Summary extends EdgeLook {
  key: string
  ends: [Spot, Spot]
  wires: Wire[]
}

/** The lines that are drawn from afar in place of others. */
export class Summaries {
  readonly ends = new Set<Spot>()
  private readonly byKey = new Map<string, Summary>()
  private readonly byWire = new Map<Wire, Summary[]>()

  constructor(network: Network) {
    for (const wire of network.wires) if (!isWithinGroup(wire)) this.summarize(wire)
  }

  get all(): Iterable<Summary> {
    return this.byKey.values()
  }

  of(wire: Wire): readonly Summary[] {
    return this.byWire.get(wire) ?? []
  }

  /** Adds the lines between what stands for the wire's ends while they are not drawn. */
  private summarize(wire: Wire): void {
    const { a, b } = wire
    const full = Math.max(a.showFrom, b.showFrom)
    if (full === 0) return
    const steps = [a, b].flatMap((spot) => [spot.site?.opensAt ?? 0, spot.showFrom])
    const bounds = [...new Set([0, ...steps])].sort((one, other) => one - other)
    bounds.forEach((from, at) => {
      const until = bounds[at + 1]
      if (until === undefined || from >= full) return
      const middle = (from + until) / 2
      const ends: [Spot, Spot] = [standIn(a, middle), standIn(b, middle)]
      if (ends[0] === ends[1]) return
      const key = `s${ends[0].id}-${ends[1].id}`
      let summary = this.byKey.get(key)
      if (summary === undefined) {
        summary = { key, ends, wires: [], showFrom: from, hideFrom: until, isDrop: false }
        this.byKey.set(key, summary)
        for (const end of ends) this.ends.add(end)
      }
      summary.showFrom = Math.min(summary.showFrom, from)
      summary.hideFrom = Math.max(summary.hideFrom, until)
      summary.wires.push(wire)
      const list = this.byWire.get(wire)
      if (list === undefined) this.byWire.set(wire, [summary])
      else list.push(summary)
    })
  }
}

/** What is drawn for a spot at a scale. */
export function standIn(spot: Spot, scale: number): Spot {
  if (spot.site !== null && scale < spot.site.opensAt) return spot.site
  if (spot.head !== null && scale < spot.showFrom) return spot.head
  return spot
}

/** The wire that a line is drawn as: as bad as the worst, and traced when one of them is. */
export function worst({ wires, ends }: Summary, traced: Attention['traced']): Wire {
  let status: Status = 'UP'
  let drawn = wires[0] as Wire
  for (const wire of wires) {
    status = worse(status, wire.status)
    if (traced.has(wire.key)) drawn = wire
  }
  const [a, b] = ends
  return { ...drawn, a, b, status, signal: null }
}

/** Whether one thing stands for both ends wherever they are not both drawn. */
function isWithinGroup({ a, b }: Wire): boolean {
  if (a.site !== b.site) return false
  return (a.head === null && b.head === null) || (a.head ?? a) === (b.head ?? b)
}
