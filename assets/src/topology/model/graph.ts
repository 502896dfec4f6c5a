import type { Device, Link, Signal, Status } from '../../api/types'
import { alarmStatus, deviceState, linkState, stateTone } from '../../domain/states'
import { type Role, roleOf } from './tiers'

/** How many devices a group holds, and how many of them have a problem. */
export interface GroupCounts {
  devices: number
  leaves: number
  down: number
  degraded: number
}

/** The fields of a device that the layout depends on; the others only change how it is drawn. */
export type LayoutDevice = Pick<Device, 'id' | 'device_type' | 'x' | 'y' | 'parent_container_id'>

/** A device in the topology. */
export interface TopologyNode<D extends LayoutDevice = Device> {
  readonly id: number
  /** The key of the node in sigma's graph. */
  readonly key: string
  device: D
  role: Role
  x: number
  y: number
  /** Whether the device has no position of its own; x and y then come from the layout. */
  isUnplaced: boolean
  /** The neighbour towards the backbone. */
  parent: TopologyNode<D> | null
  children: TopologyNode<D>[]
  /** The splitter (or other last node before the subscribers) that is drawn in its place while its group is collapsed. */
  groupHead: TopologyNode<D> | null
  /** The container that it is counted in. */
  container: TopologyNode<D> | null
  /** The nodes that it is drawn for while it is collapsed: those whose group head or container it is. */
  members: TopologyNode<D>[]
  /** The members, counted. */
  counts: GroupCounts
  /** Pixels per world unit from which on it is drawn as itself. */
  minScale: number
  /** Pixels per world unit from which on its members are drawn; 0 without members. */
  expandScale: number
  edges: TopologyEdge<D>[]
}

/** All links between two devices, drawn as one line. `a` is nearer to the backbone. */
export interface TopologyEdge<D extends LayoutDevice = Device> {
  /** The key of the edge in sigma's graph. */
  readonly key: string
  readonly a: TopologyNode<D>
  readonly b: TopologyNode<D>
  links: Link[]
  /** The worst status of its links. */
  status: Status
  /** The class of the optical signal, where the edge leads to one subscriber. */
  signal: Signal['class'] | null
  /** Whether an operator has overridden the status of one of its links. */
  isOverridden: boolean
  /** Whether it, or a device at its ends, is planned or retired. */
  isOutOfService: boolean
  /** Whether it, or a device at its ends, is DOWN or DEGRADED because of planned work, and nothing else is wrong. */
  isPlannedWork: boolean
}

/** The devices, where they are, and how they are connected. */
export interface TopologyGraph<D extends LayoutDevice = Device> {
  nodes: Map<number, TopologyNode<D>>
  edges: TopologyEdge<D>[]
  containers: TopologyNode<D>[]
  /** Every node but the containers, from the backbone outwards: a parent comes before its children. */
  order: TopologyNode<D>[]
}

/** The graph as it is drawn, with the links in it. */
export interface TopologyModel extends TopologyGraph {
  /** By link id, as they are drawn. */
  links: Map<number, Link>
  /** By link id: the edge that the link is part of. */
  edgeOfLink: Map<number, TopologyEdge>
}

export function newModel(): TopologyModel {
  return {
    nodes: new Map(),
    edges: [],
    containers: [],
    order: [],
    links: new Map(),
    edgeOfLink: new Map(),
  }
}

export function newNode<D extends LayoutDevice>(device: D): TopologyNode<D> {
  return {
    id: device.id,
    key: `d${device.id}`,
    device,
    role: roleOf(device.device_type),
    x: device.x,
    y: device.y,
    isUnplaced: false,
    parent: null,
    children: [],
    groupHead: null,
    container: null,
    members: [],
    counts: { devices: 0, leaves: 0, down: 0, degraded: 0 },
    minScale: 0,
    expandScale: 0,
    edges: [],
  }
}

/** An edge without links; `a` is the node nearer to the backbone. */
export function newEdge<D extends LayoutDevice>(
  a: TopologyNode<D>,
  b: TopologyNode<D>,
): TopologyEdge<D> {
  const edge: TopologyEdge<D> = {
    key: `e${a.id}-${b.id}`,
    a,
    b,
    links: [],
    status: 'UP',
    signal: null,
    isOverridden: false,
    isOutOfService: false,
    isPlannedWork: false,
  }
  a.edges.push(edge)
  b.edges.push(edge)
  return edge
}

/** The other end of an edge. */
export function neighbour<D extends LayoutDevice>(
  { a, b }: TopologyEdge<D>,
  node: TopologyNode<D>,
): TopologyNode<D> {
  return a === node ? b : a
}

/** Adds a device to the counts of its groups, or removes it (`by` -1). */
export function addToCounts(node: TopologyNode, device: Device, by: 1 | -1): void {
  const status = alarmStatus(deviceState(device))
  for (const group of [node.groupHead, node.container]) {
    if (group === null) continue
    group.counts.devices += by
    if (node.role === 'leaf') group.counts.leaves += by
    if (status === 'DOWN') group.counts.down += by
    else if (status === 'DEGRADED') group.counts.degraded += by
  }
}

const SEVERITY: Record<Status, number> = { UP: 0, DEGRADED: 1, DOWN: 2 }

export function worseStatus(a: Status, b: Status): Status {
  return SEVERITY[b] > SEVERITY[a] ? b : a
}

/** Derives the status and the signal of an edge from its links. */
export function refreshEdge(edge: TopologyEdge): void {
  const ends = [edge.a, edge.b].map(({ device }) => device)
  const states = edge.links.map((link) => linkState(link, ends))
  let status: Status = 'UP'
  for (const state of states) status = worseStatus(status, alarmStatus(state))
  edge.isOutOfService =
    ends.some(({ lifecycle }) => lifecycle !== 'in_service') ||
    (edge.links.length > 0 && edge.links.every(({ lifecycle }) => lifecycle !== 'in_service'))
  edge.status = edge.isOutOfService ? 'UP' : status
  edge.isPlannedWork =
    edge.status === 'UP' && [...states, ...ends.map((end) => deviceState(end))].includes('PLANNED_WORK')
  edge.isOverridden = edge.links.some((link) => link.status_override !== null)
  const leaf = edge.a.role === 'leaf' ? edge.a : edge.b.role === 'leaf' ? edge.b : null
  edge.signal = leaf?.device.signal?.class ?? null
}

/** The status of the device itself, as far as it alarms. */
export function nodeStatus({ device }: TopologyNode): Status {
  return alarmStatus(deviceState(device))
}

/** Whether the device is planned, retired, or not connected yet. */
export function isQuiet({ device }: TopologyNode): boolean {
  return stateTone(deviceState(device)) === 'quiet'
}

/** Whether the device is DOWN or DEGRADED because of planned work. */
export function isPlannedWork({ device }: TopologyNode): boolean {
  return deviceState(device) === 'PLANNED_WORK'
}

/** Whether the device or a member of its group is not UP. */
export function hasProblem(node: TopologyNode): boolean {
  return nodeStatus(node) !== 'UP' || node.counts.down + node.counts.degraded > 0
}

/** Status reasons whose cause is another device. */
const UPSTREAM_REASONS = new Set(['no_upstream', 'no_optical_path', 'no_switch', 'no_active_device'])

/** Whether the device is not UP only because of other devices. */
export function isCausedUpstream({ device }: TopologyNode): boolean {
  const { effective_status: status, status_reasons: reasons } = device
  return status !== 'UP' && reasons.length > 0 && reasons.every((code) => UPSTREAM_REASONS.has(code))
}
