import type { Device, Link } from '../../api/types'
import { ACCESS_TIER, roleOf, TIERS } from './tiers'
import {
  countIn,
  emptyTally,
  type Network,
  refreshWire,
  type Spot,
} from './spots'

/** Pixels between neighbours from which on they are told apart. */
const LEAF_GAP_PX = 9
const SITE_GAP_PX = 11
/** A site opens before its PONs do. */
const SITE_BEFORE_LEAVES = 0.7
/** Neighbours looked at to judge how close the members of a group stand. */
const SAMPLES = 9

/** Builds the picture's model. The same lists give the same model. */
export function buildNetwork(
  devices: Iterable<Device>,
  links: Iterable<Link>,
  deviceOfPort: (portId: number) => number | undefined,
): Network {
  const spots = new Map<number, Spot>()
  for (const device of devices) spots.set(device.id, newSpot(device))
  const network: Network = {
    spots,
    wires: new Map(),
    wireOfLink: new Map(),
    containers: [...spots.values()].filter(({ role }) => role === 'container'),
    order: [],
  }
  for (const link of links) addLink(network, link, deviceOfPort)
  for (const wire of network.wires.values()) refreshWire(wire)
  markFloating(network)
  growTree(network)
  for (const spot of network.order) assignGroups(network, spot)
  return network
}

function newSpot(device: Device): Spot {
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
    tally: emptyTally(),
    showFrom: 0,
    opensAt: 0,
    wires: [],
  }
}

function addLink(
  network: Network,
  link: Link,
  deviceOfPort: (portId: number) => number | undefined,
): void {
  const one = network.spots.get(deviceOfPort(link.a_interface_id) ?? -1)
  const other = network.spots.get(deviceOfPort(link.b_interface_id) ?? -1)
  if (one === undefined || other === undefined || one === other) return
  const isUpper = TIERS[one.device.device_type] <= TIERS[other.device.device_type]
  const [a, b] = isUpper && !(sameTier(one, other) && one.id > other.id) ? [one, other] : [other, one]
  const key = `w${a.id}-${b.id}`
  let wire = network.wires.get(key)
  if (wire === undefined) {
    wire = { key, a, b, links: [], status: 'UP', isOverridden: false, signal: null }
    network.wires.set(key, wire)
    a.wires.push(wire)
    b.wires.push(wire)
  }
  wire.links.push(link)
  network.wireOfLink.set(link.id, wire)
}

function sameTier(a: Spot, b: Spot): boolean {
  return TIERS[a.device.device_type] === TIERS[b.device.device_type]
}

/**
 * The server knows no absent position: (0, 0) is the default. The oldest device there holds it;
 * what else is stacked on it was never placed. A container takes the place of its members.
 */
function markFloating(network: Network): void {
  let isTaken = false
  for (const spot of network.spots.values()) {
    if (spot.x !== 0 || spot.y !== 0 || spot.role === 'container') continue
    spot.isFloating = isTaken
    isTaken = true
  }
}

/** Breadth first from the backbone; what it does not reach, from its own uppermost device. */
function growTree(network: Network): void {
  const byTier = [...network.spots.values()].filter(({ role }) => role !== 'container')
  byTier.sort(
    (a, b) => TIERS[a.device.device_type] - TIERS[b.device.device_type] || a.id - b.id,
  )
  const seen = new Set<Spot>()
  const queue = network.order
  const isGateway = (spot: Spot): boolean => spot.device.device_type === 'BACKBONE_GATEWAY'
  for (const spot of byTier) if (isGateway(spot)) enter(spot, null)
  let at = 0
  for (const root of [null, ...byTier]) {
    if (root !== null) {
      if (seen.has(root)) continue
      enter(root, null)
    }
    for (; at < queue.length; at += 1) {
      const spot = queue[at] as Spot
      // A subscriber passes nothing on.
      if (spot.role === 'leaf' && spot.parent !== null) continue
      for (const wire of spot.wires) {
        const next = wire.a === spot ? wire.b : wire.a
        if (!seen.has(next)) enter(next, spot)
      }
    }
  }

  function enter(spot: Spot, parent: Spot | null): void {
    seen.add(spot)
    spot.parent = parent
    parent?.children.push(spot)
    queue.push(spot)
  }
}

function assignGroups(network: Network, spot: Spot): void {
  const { parent } = spot
  if (parent !== null) {
    const isLast = parent.device.device_type === 'SPLITTER' || spot.role === 'leaf'
    spot.head = parent.head ?? (isLast && parent.role !== 'leaf' ? parent : null)
  }
  const container = network.spots.get(spot.device.parent_container_id ?? -1)
  const isAccess = TIERS[spot.device.device_type] >= ACCESS_TIER
  if (container?.role === 'container') spot.site = container
  else if (isAccess) spot.site = parent?.site ?? null
  spot.head?.members.push(spot)
  spot.site?.members.push(spot)
  countIn(spot, spot.device.effective_status, 1)
}

/** Decides from which scale on the members of each group are drawn. Positions must be known. */
export function setDetail(network: Network): void {
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
export function placeContainer(site: Spot): void {
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
function spacing(members: Spot[], beside: Spot[]): number {
  const step = Math.max(1, Math.floor(members.length / SAMPLES))
  const gaps: number[] = []
  for (let at = 0; at < members.length; at += step) {
    const from = members[at] as Spot
    let nearest = Infinity
    for (const to of members.length > 1 ? members : beside) {
      if (to === from) continue
      nearest = Math.min(nearest, Math.hypot(to.x - from.x, to.y - from.y))
    }
    gaps.push(nearest)
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
