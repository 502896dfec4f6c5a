import type { Device, Link, Signal, Status } from '../../api/types'
import type { Role } from './tiers'

/** How many devices a group holds, and how many of them are in trouble. */
export interface Tally {
  devices: number
  leaves: number
  down: number
  degraded: number
}

/** One device on the picture. World coordinates are the device's own: x right, y down. */
export interface Spot {
  readonly id: number
  readonly key: string
  device: Device
  role: Role
  x: number
  y: number
  /** Whether the device has no position of its own; x and y are then the layout's. */
  isFloating: boolean
  /** Its neighbour towards the backbone. */
  parent: Spot | null
  children: Spot[]
  /** The splitter (or other last node) that stands for it from afar. */
  head: Spot | null
  /** The container that it is counted in. */
  site: Spot | null
  /** What it stands for from afar: the spots whose head or site it is. */
  members: Spot[]
  tally: Tally
  /** Pixels per world unit from which on it is drawn as itself. */
  showFrom: number
  /** Pixels per world unit from which on its members are drawn; 0 when it has none. */
  opensAt: number
  wires: Wire[]
}

/** All links between two devices: one line. */
export interface Wire {
  readonly key: string
  readonly a: Spot
  readonly b: Spot
  links: Link[]
  /** The worst of its links. */
  status: Status
  isOverridden: boolean
  /** The class of the light in it, where it leads to one subscriber. */
  signal: Signal['class'] | null
}

/** The picture's model of the network. */
export interface Network {
  spots: Map<number, Spot>
  wires: Map<string, Wire>
  /** The wire that a link is part of. */
  wireOfLink: Map<number, Wire>
  containers: Spot[]
  /** From the backbone outwards; a parent stands before its children. */
  order: Spot[]
}

export function emptyTally(): Tally {
  return { devices: 0, leaves: 0, down: 0, degraded: 0 }
}

/** Adds a device to the tallies of its groups, or takes it out (`by` -1). */
export function countIn(spot: Spot, status: Status, by: 1 | -1): void {
  for (const group of [spot.head, spot.site]) {
    if (group === null) continue
    group.tally.devices += by
    if (spot.role === 'leaf') group.tally.leaves += by
    if (status === 'DOWN') group.tally.down += by
    else if (status === 'DEGRADED') group.tally.degraded += by
  }
}

const RANK: Record<Status, number> = { UP: 0, DEGRADED: 1, DOWN: 2 }

export function worse(a: Status, b: Status): Status {
  return RANK[b] > RANK[a] ? b : a
}

/** Sums its links up. */
export function refreshWire(wire: Wire): void {
  let status: Status = 'UP'
  let isOverridden = false
  for (const link of wire.links) {
    status = worse(status, link.status)
    isOverridden ||= link.status_override !== null
  }
  wire.status = status
  wire.isOverridden = isOverridden
  const leaf = wire.a.role === 'leaf' ? wire.a : wire.b.role === 'leaf' ? wire.b : null
  wire.signal = leaf?.device.signal?.class ?? null
}

/** Whether something is wrong with it or with what it stands for. */
export function isInTrouble(spot: Spot): boolean {
  return spot.device.effective_status !== 'UP' || spot.tally.down + spot.tally.degraded > 0
}

/** Reasons that say that the cause stands elsewhere. */
const CUT_OFF = new Set(['no_upstream', 'no_optical_path', 'no_switch', 'no_active_device'])

/** Whether what is wrong with it follows from something else's trouble. */
export function isVictim({ device }: Spot): boolean {
  const { effective_status: status, status_reasons: reasons } = device
  return status !== 'UP' && reasons.length > 0 && reasons.every((code) => CUT_OFF.has(code))
}
