import type { Device, Link } from '../../api/types'
import { countIn, type Network, newSpot, newWire, refreshWire, type Spot, type Wire } from './graph'
import type { Survey } from './computeLayout'

/** Entries between two looks at the clock. */
const STEP_ROWS = 256

/** Builds the picture's model of the lists that were surveyed, a step at a time. */
export function* buildNetwork(
  devices: readonly Device[],
  links: readonly Link[],
  survey: Survey,
): Generator<void, Network> {
  const network: Network = {
    spots: new Map(),
    wires: [],
    containers: [],
    order: [],
    links: new Map(),
    wireOfLink: new Map(),
  }
  const spots: Spot[] = []
  for (const [at, device] of devices.entries()) {
    const spot = newSpot(device)
    spot.x = survey.xs[at] ?? 0
    spot.y = survey.ys[at] ?? 0
    spot.isFloating = survey.floating[at] === 1
    spot.showFrom = survey.showFrom[at] ?? 0
    spot.opensAt = survey.opensAt[at] ?? 0
    spots.push(spot)
    network.spots.set(spot.id, spot)
    if (spot.role === 'container') network.containers.push(spot)
    if (at % STEP_ROWS === 0) yield
  }
  for (const [step, at] of survey.order.entries()) {
    const spot = spots[at]
    if (spot === undefined) continue
    spot.parent = spots[survey.parents[at] ?? -1] ?? null
    spot.head = spots[survey.heads[at] ?? -1] ?? null
    spot.site = spots[survey.sites[at] ?? -1] ?? null
    spot.parent?.children.push(spot)
    spot.head?.members.push(spot)
    spot.site?.members.push(spot)
    countIn(spot, spot.device.effective_status, 1)
    network.order.push(spot)
    if (step % STEP_ROWS === 0) yield
  }
  yield* addWires(network, spots, links, survey)
  return network
}

function* addWires(
  network: Network,
  spots: readonly Spot[],
  links: readonly Link[],
  survey: Survey,
): Generator<void> {
  for (let at = 0; at < survey.wires.length; at += 2) {
    const [a, b] = [spots[survey.wires[at] ?? -1], spots[survey.wires[at + 1] ?? -1]]
    // Both ends are there: the survey is of these lists.
    if (a !== undefined && b !== undefined) network.wires.push(newWire(a, b))
    if (at % (2 * STEP_ROWS) === 0) yield
  }
  for (const [at, link] of links.entries()) {
    const wire: Wire | undefined = network.wires[survey.wireOf[at] ?? -1]
    network.links.set(link.id, link)
    if (wire !== undefined) {
      wire.links.push(link)
      network.wireOfLink.set(link.id, wire)
    }
    if (at % STEP_ROWS === 0) yield
  }
  for (const [at, wire] of network.wires.entries()) {
    refreshWire(wire)
    if (at % STEP_ROWS === 0) yield
  }
}
