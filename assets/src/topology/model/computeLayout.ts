import type { Device, Link } from '../../api/types'
import { DEVICE_TYPES } from '../../domain/deviceTypes'
import { buildGraph } from './buildGraph'
import type { Point } from './geometry'
import type { LayoutDevice, TopologyNode } from './graph'
import { setLevelOfDetail } from './levelOfDetail'
import { treeLayout } from './treeLayout'

/** Rows of a list between two yields. */
const ROWS_PER_STEP = 512
/** Stands for an index or an id that there is none of: typed arrays hold no null. */
const NONE = -1

/** The first message of the worker: its script has loaded. */
export const WORKER_STARTED = 'started'

/** The lists that the topology shows. */
export interface NetworkLists {
  devices: Map<number, Device>
  links: Map<number, Link>
  deviceOfPort: (portId: number) => number | undefined
}

/** What the layout depends on, as typed arrays that can be sent to a worker; one entry per device. */
export interface LayoutInput {
  ids: Float64Array
  /** Indices into `DEVICE_TYPES`. */
  types: Uint8Array
  xs: Float64Array
  ys: Float64Array
  /** Ids of containers. */
  containers: Float64Array
  /** The ids of the two devices of each link, one after the other. */
  ends: Float64Array
}

/** The layout as typed arrays, one entry per device. Devices and edges are named by their index. */
export interface LayoutResult {
  /** Devices from the backbone outwards. */
  order: Int32Array
  parents: Int32Array
  groupHeads: Int32Array
  containers: Int32Array
  /** 1 where the position comes from the layout. */
  unplaced: Uint8Array
  xs: Float64Array
  ys: Float64Array
  minScales: Float64Array
  expandScales: Float64Array
  /** The two devices of each edge, the upper one first. */
  edgeEnds: Int32Array
  /** One entry per link. */
  edgeOfLink: Int32Array
}

/** A device, and its index in the list. */
type IndexedDevice = LayoutDevice & { index: number }

/** Reads the lists, a step at a time; `positions` replace those of the devices. */
export function* layoutInput(
  devices: readonly Device[],
  links: readonly Link[],
  deviceOfPort: NetworkLists['deviceOfPort'],
  positions: ReadonlyMap<number, Point>,
): Generator<void, LayoutInput> {
  const count = devices.length
  const input: LayoutInput = {
    ids: new Float64Array(count),
    types: new Uint8Array(count),
    xs: new Float64Array(count),
    ys: new Float64Array(count),
    containers: new Float64Array(count),
    ends: new Float64Array(2 * links.length),
  }
  for (const [index, device] of devices.entries()) {
    const { x, y } = positions.get(device.id) ?? device
    input.ids[index] = device.id
    input.types[index] = DEVICE_TYPES.indexOf(device.device_type)
    input.xs[index] = x
    input.ys[index] = y
    input.containers[index] = device.parent_container_id ?? NONE
    if (index % ROWS_PER_STEP === 0) yield
  }
  for (const [index, link] of links.entries()) {
    input.ends[2 * index] = deviceOfPort(link.a_interface_id) ?? NONE
    input.ends[2 * index + 1] = deviceOfPort(link.b_interface_id) ?? NONE
    if (index % ROWS_PER_STEP === 0) yield
  }
  return input
}

/** Builds the graph, places the devices without a position, and sets the level of detail. */
export function computeLayout(input: LayoutInput): LayoutResult {
  const graph = buildGraph(devicesOf(input), input.ends)
  for (const [node, point] of treeLayout(graph, ({ isUnplaced }) => isUnplaced)) {
    Object.assign(node, point)
  }
  setLevelOfDetail(graph)
  const nodes = [...graph.nodes.values()]
  const edgeIndex = new Map<unknown, number>(graph.edges.map((edge, index) => [edge, index]))
  const indexOf = (node: TopologyNode<IndexedDevice> | null): number => node?.device.index ?? NONE
  return {
    order: Int32Array.from(graph.order, indexOf),
    parents: Int32Array.from(nodes, ({ parent }) => indexOf(parent)),
    groupHeads: Int32Array.from(nodes, ({ groupHead }) => indexOf(groupHead)),
    containers: Int32Array.from(nodes, ({ container }) => indexOf(container)),
    unplaced: Uint8Array.from(nodes, ({ isUnplaced }) => Number(isUnplaced)),
    xs: Float64Array.from(nodes, ({ x }) => x),
    ys: Float64Array.from(nodes, ({ y }) => y),
    minScales: Float64Array.from(nodes, ({ minScale }) => minScale),
    expandScales: Float64Array.from(nodes, ({ expandScale }) => expandScale),
    edgeEnds: Int32Array.from(graph.edges.flatMap(({ a, b }) => [indexOf(a), indexOf(b)])),
    edgeOfLink: Int32Array.from(graph.edgeOfLink, (edge) => edgeIndex.get(edge) ?? NONE),
  }
}

function devicesOf({ ids, types, xs, ys, containers }: LayoutInput): IndexedDevice[] {
  return Array.from(ids, (id, index): IndexedDevice => {
    const container = containers[index] ?? NONE
    return {
      index,
      id,
      device_type: DEVICE_TYPES[types[index] ?? 0] ?? 'POP',
      x: xs[index] ?? 0,
      y: ys[index] ?? 0,
      parent_container_id: container === NONE ? null : container,
    }
  })
}
