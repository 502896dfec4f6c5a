import type { DeviceType } from '../../api/types'
import { hasProblem, isQuiet, nodeStatus, type TopologyEdge, type TopologyNode } from '../model/graph'
import { isCollapsed } from '../model/levelOfDetail'
import { TIERS } from '../model/tiers'
import type { ColorScheme, Rgb } from './colorScheme'
import { ICON_CELLS } from './iconAtlas'

/** Which nodes and edges stand out, and which are dimmed. */
export interface Highlight {
  selected: ReadonlySet<TopologyNode>
  selectedEdges: ReadonlySet<TopologyEdge>
  hovered: TopologyNode | null
  /** Keys of the nodes and edges on a traced path, with their place on it: 0 (the device) to 1 (its end). */
  traced: ReadonlyMap<string, number>
  /** While connecting: whether a node can be the next end of the link. */
  isConnectable: ((node: TopologyNode) => boolean) | null
}

export const NO_HIGHLIGHT: Highlight = {
  selected: new Set(),
  selectedEdges: new Set(),
  hovered: null,
  traced: new Map(),
  isConnectable: null,
}

/** What nodes and edges look like, beside their own state. */
export interface Appearance {
  colors: ColorScheme
  highlight: Highlight
}

/** The attributes of a node in sigma's graph, as its program reads them. */
export interface NodeStyle {
  x: number
  y: number
  fill: Rgb
  /** Diameter in world units, and its limits in pixels. */
  size: number
  minPx: number
  maxPx: number
  /** Pixels per world unit: drawn from, drawn up to (0: no limit), collapsed below (0: never). */
  minScale: number
  maxScale: number
  collapsedBelowScale: number
  /** 0 disc, 1 rounded square, 2 hollow disc, 3 group. */
  shape: number
  icon: number
  /** 0 UP, 1 DEGRADED, 2 DOWN. */
  severity: number
  /** 1, or less when dimmed. */
  opacity: number
  downShare: number
  degradedShare: number
}

/** The attributes of an edge in sigma's graph, as its program reads them. */
export interface EdgeStyle {
  stroke: Rgb
  /** In pixels at the usual zoom. */
  width: number
  pattern: number
  minScale: number
  /** 0: no limit. */
  maxScale: number
  /** 1 on a traced path, -1 dimmed, else 0. */
  trace: number
  /** When the animation of the path reaches it, 0 to 1. */
  order: number
}

/** At which scales an edge is drawn, in pixels per world unit. */
export interface EdgeVisibility {
  minScale: number
  maxScale: number
  /** Between a splitter and its subscribers. */
  isDrop: boolean
}

/** Diameter in world units, its minimum and its maximum in pixels. */
type NodeSize = readonly [world: number, minPx: number, maxPx: number]

const NODE_SIZES: Record<DeviceType, NodeSize> = {
  BACKBONE_GATEWAY: [64, 26, 56],
  CORE_ROUTER: [56, 22, 52],
  EDGE_ROUTER: [52, 16, 48],
  OLT: [48, 12, 48],
  AON_SWITCH: [48, 11, 48],
  ODF: [36, 5, 38],
  NVT: [30, 5, 34],
  HOP: [26, 5, 30],
  SPLITTER: [40, 9, 40],
  ONT: [22, 4, 30],
  BUSINESS_ONT: [22, 4, 30],
  AON_CPE: [22, 4, 30],
  POP: [72, 54, 64],
  CORE_SITE: [72, 54, 64],
}
/** A group or a problem is never smaller. */
const NOTICEABLE_PX = 11
/** A PON with devices that are DOWN is never smaller: it is found on the view of the whole site, from across the room. */
const ALARM_PX = 18
const SHAPES = { leaf: 0, active: 1, passive: 2, container: 3 }
const PATTERNS = { solid: 0, shortDashes: 1, longDashes: 2, dots: 3 }
const SEVERITIES = { UP: 0, DEGRADED: 1, DOWN: 2 }
/** A smaller share of a group would be too thin to see. */
const SHARE_MIN = 0.14
const DIMMED_OPACITY = 0.22
/** What is planned, retired or not connected yet. */
const QUIET_OPACITY = 0.5
const TRACED = 1
const DIMMED = -1

/** The style of a node. World y grows downwards, the graphics card's upwards. */
export function nodeStyle(node: TopologyNode, { colors, highlight }: Appearance): NodeStyle {
  const { device, role, counts } = node
  const [world, , maxPx] = NODE_SIZES[device.device_type]
  const isGroup = node.members.length > 0
  const isContainer = role === 'container'
  const [downShare, degradedShare] = problemShares(node)
  return {
    x: node.x,
    y: -node.y,
    fill: colors.roles[role],
    size: world,
    minPx: leastPx(node),
    maxPx,
    minScale: isContainer ? 0 : node.minScale,
    maxScale: isContainer ? node.expandScale : 0,
    collapsedBelowScale: isContainer ? 0 : node.expandScale,
    shape: SHAPES[role],
    icon: ICON_CELLS[device.device_type],
    severity: SEVERITIES[nodeStatus(node)],
    opacity: isDimmed(node, highlight) ? DIMMED_OPACITY : isQuiet(node) && !isGroup ? QUIET_OPACITY : 1,
    downShare: counts.down > 0 || isGroup ? downShare : 0,
    degradedShare,
  }
}

/** Diameter in pixels, as the shader computes it. */
export function nodeDiameterPx(node: TopologyNode, scale: number): number {
  const [world, , maxPx] = NODE_SIZES[node.device.device_type]
  const size = Math.min(Math.max(world * scale, leastPx(node)), maxPx)
  return hasProblem(node) ? Math.max(size, NOTICEABLE_PX) : size
}

/** The smallest diameter in pixels, without what the shader adds for a problem. */
function leastPx({ device, role, members, counts }: TopologyNode): number {
  const [, minPx] = NODE_SIZES[device.device_type]
  if (members.length === 0 || role === 'container') return minPx
  return Math.max(minPx, counts.down > 0 ? ALARM_PX : NOTICEABLE_PX)
}

/** Whether a node is drawn as a group: a container, or a node in place of its members. */
export function isGroupAt(node: TopologyNode, scale: number): boolean {
  return node.role === 'container' || isCollapsed(node, scale)
}

export function edgeStyle(
  edge: TopologyEdge,
  { minScale, maxScale, isDrop }: EdgeVisibility,
  { colors, highlight }: Appearance,
): EdgeStyle {
  const { stroke, pattern, isProblem } = lineOf(edge, colors, isDrop)
  const order = highlight.traced.get(edge.key)
  const dimsOthers = highlight.isConnectable !== null || highlight.traced.size > 0
  const width = isDrop ? 1 : TIERS[edge.b.device.device_type] <= TIERS.OLT ? 2 : 1.6
  return {
    stroke,
    pattern,
    width: isProblem ? width + 1 : width,
    minScale,
    maxScale,
    trace: order !== undefined ? TRACED : dimsOthers ? DIMMED : 0,
    order: order ?? 0,
  }
}

function lineOf(
  { status, signal, isOutOfService, isPlannedWork }: TopologyEdge,
  colors: ColorScheme,
  isDrop: boolean,
): { stroke: Rgb; pattern: number; isProblem: boolean } {
  if (isOutOfService) {
    return { stroke: mix(colors.ground, colors.lineStrong, 0.62), pattern: PATTERNS.longDashes, isProblem: false }
  }
  if (isPlannedWork) {
    return { stroke: mix(colors.ground, colors.lineStrong, 0.8), pattern: PATTERNS.dots, isProblem: false }
  }
  if (status === 'DOWN' || signal === 'NO_SIGNAL') {
    return { stroke: colors.down, pattern: PATTERNS.shortDashes, isProblem: true }
  }
  if (status === 'DEGRADED' || signal === 'CRITICAL') {
    return { stroke: colors.degraded, pattern: PATTERNS.longDashes, isProblem: true }
  }
  if (signal === 'WARNING' || signal === 'OVERLOAD') {
    return { stroke: colors.degraded, pattern: PATTERNS.dots, isProblem: true }
  }
  const share = isDrop ? 0.4 : 0.62
  const stroke = mix(colors.ground, colors.lineStrong, share)
  return { stroke, pattern: PATTERNS.solid, isProblem: false }
}

function mix(from: Rgb, to: Rgb, share: number): Rgb {
  const [red, green, blue] = from
  return [
    red + (to[0] - red) * share,
    green + (to[1] - green) * share,
    blue + (to[2] - blue) * share,
  ]
}

function isDimmed(node: TopologyNode, { traced, isConnectable }: Highlight): boolean {
  if (isConnectable !== null) return !isConnectable(node)
  return traced.size > 0 && !traced.has(node.key)
}

/** The shares of a group that are DOWN and DEGRADED. The status of the node itself counts for all of it. */
function problemShares(node: TopologyNode): [down: number, degraded: number] {
  const { counts, members } = node
  if (members.length === 0) return [0, 0]
  const total = Math.max(1, counts.devices)
  const own = nodeStatus(node)
  const down = own === 'DOWN' ? 1 : visibleShare(counts.down / total)
  const degraded = own === 'DEGRADED' ? 1 - down : visibleShare(counts.degraded / total)
  return [down, Math.min(degraded, 1 - down)]
}

function visibleShare(share: number): number {
  return share === 0 ? 0 : Math.max(share, SHARE_MIN)
}
