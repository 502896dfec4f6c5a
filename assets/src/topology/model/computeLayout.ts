import type { Device, Link } from '../../api/types'
import { DEVICE_TYPES } from '../../domain/deviceTypes'
import { setDetail } from './levelOfDetail'
import { layOut, type Point } from './treeLayout'
import { shapeNetwork } from './buildGraph'
import type { Placed, Spot } from './graph'

/** Rows of a list between two looks at the clock. */
const STEP_ROWS = 512
/** In place of an index or an id: none. */
const NONE = -1

/** The lists that the picture shows. */
/** What the thread of a survey says first: its script is there. */
export const STARTED = 'started'

export interface Lists {
  devices: Map<number, Device>
  links: Map<number, Link>
  deviceOfPort: (portId: number) => number | undefined
}

/** What the shape of the picture follows from, as numbers that another thread can be sent. */
export interface Outline {
  ids: Float64Array
  types: Uint8Array
  xs: Float64Array
  ys: Float64Array
  containers: Float64Array
  /** The ids of the devices at the two ends of each link. */
  ends: Float64Array
}

/** The shape of the picture, as numbers. Devices, links and wires are named by their place in a list. */
export interface Survey {
  order: Int32Array
  parents: Int32Array
  heads: Int32Array
  sites: Int32Array
  floating: Uint8Array
  xs: Float64Array
  ys: Float64Array
  showFrom: Float64Array
  opensAt: Float64Array
  /** The two devices of each wire, the upper one first. */
  wires: Int32Array
  wireOf: Int32Array
}

/** A device, and its place in the list. */
type Row = Placed & { at: number }

/** Reads the lists; a place in `held` wins over the one of its device. */
export function* outlineOf(
  devices: readonly Device[],
  links: readonly Link[],
  deviceOfPort: Lists['deviceOfPort'],
  held: ReadonlyMap<number, Point>,
): Generator<void, Outline> {
  const count = devices.length
  const outline: Outline = {
    ids: new Float64Array(count),
    types: new Uint8Array(count),
    xs: new Float64Array(count),
    ys: new Float64Array(count),
    containers: new Float64Array(count),
    ends: new Float64Array(2 * links.length),
  }
  for (const [at, device] of devices.entries()) {
    const { x, y } = held.get(device.id) ?? device
    outline.ids[at] = device.id
    outline.types[at] = DEVICE_TYPES.indexOf(device.device_type)
    outline.xs[at] = x
    outline.ys[at] = y
    outline.containers[at] = device.parent_container_id ?? NONE
    if (at % STEP_ROWS === 0) yield
  }
  for (const [at, link] of links.entries()) {
    outline.ends[2 * at] = deviceOfPort(link.a_interface_id) ?? NONE
    outline.ends[2 * at + 1] = deviceOfPort(link.b_interface_id) ?? NONE
    if (at % STEP_ROWS === 0) yield
  }
  return outline
}

/** Finds the tree and the groups, lays out what has no position, and decides the level of detail. */
export function surveyOf(outline: Outline): Survey {
  const { ids, types, xs, ys, containers, ends } = outline
  const rows = Array.from(ids, (id, at): Row => {
    const container = containers[at] ?? NONE
    return {
      at,
      id,
      device_type: DEVICE_TYPES[types[at] ?? 0] ?? 'POP',
      x: xs[at] ?? 0,
      y: ys[at] ?? 0,
      parent_container_id: container === NONE ? null : container,
    }
  })
  const shape = shapeNetwork(rows, ends)
  for (const [spot, point] of layOut(shape, ({ isFloating }) => isFloating)) {
    Object.assign(spot, point)
  }
  setDetail(shape)
  const spots = [...shape.spots.values()]
  const wires = new Map<unknown, number>(shape.wires.map((wire, at) => [wire, at]))
  const placeOf = (spot: Spot<Row> | null): number => spot?.device.at ?? NONE
  return {
    order: Int32Array.from(shape.order, placeOf),
    parents: Int32Array.from(spots, ({ parent }) => placeOf(parent)),
    heads: Int32Array.from(spots, ({ head }) => placeOf(head)),
    sites: Int32Array.from(spots, ({ site }) => placeOf(site)),
    floating: Uint8Array.from(spots, ({ isFloating }) => Number(isFloating)),
    xs: Float64Array.from(spots, ({ x }) => x),
    ys: Float64Array.from(spots, ({ y }) => y),
    showFrom: Float64Array.from(spots, ({ showFrom }) => showFrom),
    opensAt: Float64Array.from(spots, ({ opensAt }) => opensAt),
    wires: Int32Array.from(shape.wires.flatMap(({ a, b }) => [placeOf(a), placeOf(b)])),
    wireOf: Int32Array.from(shape.wireOf, (wire) => wires.get(wire) ?? NONE),
  }
}
