import type { Device, Link, Signal, Status } from '../../api/types'
import { type Role, roleOf } from './tiers'

/** How many devices a group holds, and how many of them are in trouble. */
export interface Tally {
  devices: number
  leaves: number
  down: number
  degraded: number
}

/** What the shape of the picture follows from; all else of a device changes only how it looks. */
export type Placed = Pick<Device, 'id' | 'device_type' | 'x' | 'y' | 'parent_container_id'>

/** One device on the picture. World coordinates are the device's own: x right, y down. */
export interface Spot<D extends Placed = Device> {
  readonly id: number
  readonly key: string
  device: D
  role: Role
  x: number
  y: number
  /** Whether the device has no position of its own; x and y are then the layout's. */
  isFloating: boolean
  /** Its neighbour towards the backbone. */
  parent: Spot<D> | null
  children: Spot<D>[]
  /** The splitter (or other last node) that stands for it from afar. */
  head: Spot<D> | null
  /** The container that it is counted in. */
  site: Spot<D> | null
  /** What it stands for from afar: the spots whose head or site it is. */
  members: Spot<D>[]
  tally: Tally
  /** Pixels per world unit from which on it is drawn as itself. */
  showFrom: number
  /** Pixels per world unit from which on its members are drawn; 0 when it has none. */
  opensAt: number
  wires: Wire<D>[]
}

/** All links between two devices: one line. */
export interface Wire<D extends Placed = Device> {
  readonly key: string
  readonly a: Spot<D>
  readonly b: Spot<D>
  links: Link[]
  /** The worst of its links. */
  status: Status
  isOverridden: boolean
  /** The class of the light in it, where it leads to one subscriber. */
  signal: Signal['class'] | null
}

/** Which devices there are, where they stand, and what hangs off what. */
export interface Shape<D extends Placed = Device> {
  spots: Map<number, Spot<D>>
  wires: Wire<D>[]
  containers: Spot<D>[]
  /** From the backbone outwards; a parent stands before its children. */
  order: Spot<D>[]
}

/** The picture's model of the network. */
export interface Network extends Shape {
  /** The links that it shows, as it shows them. */
  links: Map<number, Link>
  /** The wire that a link is part of. */
  wireOfLink: Map<number, Wire>
}

export function newSpot<D extends Placed>(device: D): Spot<D> {
  return {
    id: device.id,
    key: `d${device.id}`,
    device,
    role: roleOf(device.device_type),
    x: device.x,
    y: device.y,
    isFloating: false,
    parent: null,
    children: [],
    head: null,
    site: null,
    members: [],
    tally: { devices: 0, leaves: 0, down: 0, degraded: 0 },
    showFrom: 0,
    opensAt: 0,
    wires: [],
  }
}

/** A line between two spots, with no link yet; `a` is the one nearer to the backbone. */
export function newWire<D extends Placed>(a: Spot<D>, b: Spot<D>): Wire<D> {
  const wire: Wire<D> = {
    key: `w${a.id}-${b.id}`,
    a,
    b,
    links: [],
    status: 'UP',
    isOverridden: false,
    signal: null,
  }
  a.wires.push(wire)
  b.wires.push(wire)
  return wire
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
