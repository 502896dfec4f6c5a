import { newSpot, newWire, type Placed, type Shape, type Spot, type Wire } from './graph'
import { ACCESS_TIER, TIERS } from './tiers'

/** A shape, and the wire that each link is part of; null where an end of it is not known. */
export interface Shaped<D extends Placed> extends Shape<D> {
  wireOf: (Wire<D> | null)[]
}

/**
 * Finds what hangs off what, and what stands for what from afar. `ends`: the ids of the devices
 * at the two ends of each link, one after the other. The same lists give the same shape.
 */
export function shapeNetwork<D extends Placed>(
  devices: Iterable<D>,
  ends: ArrayLike<number>,
): Shaped<D> {
  const spots = new Map<number, Spot<D>>()
  for (const device of devices) spots.set(device.id, newSpot(device))
  const containers = [...spots.values()].filter(({ role }) => role === 'container')
  const shape: Shaped<D> = { spots, wires: [], containers, order: [], wireOf: [] }
  for (let at = 0; at < ends.length; at += 2) {
    shape.wireOf.push(wireBetween(shape, spots.get(ends[at] ?? -1), spots.get(ends[at + 1] ?? -1)))
  }
  markFloating(shape)
  growTree(shape)
  for (const spot of shape.order) assignGroups(shape, spot)
  return shape
}

/** The wire between two devices, made at its first link. */
function wireBetween<D extends Placed>(
  shape: Shape<D>,
  one: Spot<D> | undefined,
  other: Spot<D> | undefined,
): Wire<D> | null {
  if (one === undefined || other === undefined || one === other) return null
  const steps = TIERS[one.device.device_type] - TIERS[other.device.device_type]
  const isUpper = steps < 0 || (steps === 0 && one.id < other.id)
  const [a, b] = isUpper ? [one, other] : [other, one]
  // One of the two has few: a subscriber one, what thousands hang off many.
  const { wires } = a.wires.length < b.wires.length ? a : b
  const known = wires.find((wire) => wire.a === a && wire.b === b)
  if (known !== undefined) return known
  const wire = newWire(a, b)
  shape.wires.push(wire)
  return wire
}

/**
 * The server knows no absent position: (0, 0) is the default. The oldest device there holds it;
 * what else is stacked on it was never placed. A container takes the place of its members.
 */
function markFloating<D extends Placed>(network: Shape<D>): void {
  let isTaken = false
  for (const spot of network.spots.values()) {
    if (spot.x !== 0 || spot.y !== 0 || spot.role === 'container') continue
    spot.isFloating = isTaken
    isTaken = true
  }
}

/** Breadth first from the backbone; what it does not reach, from its own uppermost device. */
function growTree<D extends Placed>(network: Shape<D>): void {
  const tiers: Spot<D>[][] = []
  for (const spot of network.spots.values()) {
    if (spot.role !== 'container') (tiers[TIERS[spot.device.device_type]] ??= []).push(spot)
  }
  // Each tier by itself, for they are in this order nearly always.
  const byTier = tiers.flatMap((tier) => tier.sort((a, b) => a.id - b.id))
  const seen = new Set<Spot<D>>()
  const queue = network.order
  const isGateway = (spot: Spot<D>): boolean => spot.device.device_type === 'BACKBONE_GATEWAY'
  for (const spot of byTier) if (isGateway(spot)) enter(spot, null)
  let at = 0
  for (const root of [null, ...byTier]) {
    if (root !== null) {
      if (seen.has(root)) continue
      enter(root, null)
    }
    for (; at < queue.length; at += 1) {
      const spot = queue[at] as Spot<D>
      // A subscriber passes nothing on.
      if (spot.role === 'leaf' && spot.parent !== null) continue
      for (const wire of spot.wires) {
        const next = wire.a === spot ? wire.b : wire.a
        if (!seen.has(next)) enter(next, spot)
      }
    }
  }

  function enter(spot: Spot<D>, parent: Spot<D> | null): void {
    seen.add(spot)
    spot.parent = parent
    parent?.children.push(spot)
    queue.push(spot)
  }
}

function assignGroups<D extends Placed>(network: Shape<D>, spot: Spot<D>): void {
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
}
