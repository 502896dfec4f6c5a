import type { DeviceType } from '../../api/types'
import { isInTrouble, type Spot, type Wire } from '../model/graph'
import { TIERS } from '../model/tiers'
import { ICON_CELLS } from './iconAtlas'
import type { EdgeArt } from './edgeProgram'
import type { Look, Rgb } from './colorScheme'
import type { NodeArt } from './frameState'

/** What the operator is doing with the picture; it decides what is lit and what is dimmed. */
export interface Attention {
  selected: ReadonlySet<Spot>
  hovered: Spot | null
  /** The places of spots and wires on a traced path, 0 (the device) to 1 (the backbone). */
  traced: ReadonlyMap<string, number>
  /** While connecting: whether a spot can be the other end. */
  isAllowed: ((spot: Spot) => boolean) | null
}

/** Diameter in world units, and the least and the greatest in pixels. */
type Size = readonly [world: number, minPx: number, maxPx: number]

const SIZES: Record<DeviceType, Size> = {
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
const SHAPES = { leaf: 0, active: 1, passive: 2, container: 3 }
/** A share that would be too thin to see is drawn this wide. */
const SHARE_MIN = 0.14
const DIM_STRENGTH = 0.22

export const TRACED = 1
export const DIMMED = -1

/** How a spot is drawn. World y grows downwards, the graphics card's upwards. */
export function spotArt(spot: Spot, look: Look, attention: Attention): NodeArt {
  const { device, role, tally } = spot
  const [world, minPx, maxPx] = SIZES[device.device_type]
  const isGroup = spot.members.length > 0
  const isSite = role === 'container'
  const shares = tallyShares(spot)
  return {
    x: spot.x,
    y: -spot.y,
    fill: isSite || role !== 'active' ? look.roles[role] : look.roles.active,
    size: world,
    minPx: isGroup && !isSite ? Math.max(minPx, 11) : minPx,
    maxPx,
    showFrom: isSite ? 0 : spot.showFrom,
    hideFrom: isSite ? spot.opensAt : 0,
    foldUntil: isSite ? 0 : spot.opensAt,
    shape: SHAPES[role],
    icon: ICON_CELLS[device.device_type],
    trouble: device.effective_status === 'DOWN' ? 2 : device.effective_status === 'UP' ? 0 : 1,
    strength: isDimmed(spot, attention) ? DIM_STRENGTH : 1,
    downShare: tally.down > 0 || isGroup ? shares[0] : 0,
    degradedShare: shares[1],
  }
}

/** Diameter in pixels, as the shader has it. */
export function spotPixels(spot: Spot, scale: number): number {
  const [world, minPx, maxPx] = SIZES[spot.device.device_type]
  const least = spot.members.length > 0 && spot.role !== 'container' ? Math.max(minPx, 11) : minPx
  const size = Math.min(Math.max(world * scale, least), maxPx)
  return isInTrouble(spot) ? Math.max(size, 11) : size
}

export function isDrawn(spot: Spot, scale: number): boolean {
  if (spot.role === 'container') return spot.opensAt === 0 || scale < spot.opensAt
  return scale >= spot.showFrom
}

export function isFolded(spot: Spot, scale: number): boolean {
  return spot.members.length > 0 && scale < spot.opensAt
}

export interface EdgeLook {
  showFrom: number
  hideFrom: number
  /** Between a splitter and its subscribers. */
  isDrop: boolean
}

/** How the link or links between two spots are drawn. */
export function wireArt(wire: Wire, where: EdgeLook, look: Look, attention: Attention): EdgeArt {
  const { stroke, pattern, isLoud } = lineOf(wire, look, where.isDrop)
  const order = attention.traced.get(wire.key)
  const dims = attention.isAllowed !== null || attention.traced.size > 0
  const width = where.isDrop ? 1 : TIERS[wire.b.device.device_type] <= 3 ? 2 : 1.6
  return {
    stroke,
    pattern,
    width: isLoud ? width + 1 : width,
    showFrom: where.showFrom,
    hideFrom: where.hideFrom,
    trace: order !== undefined ? TRACED : dims ? DIMMED : 0,
    order: order ?? 0,
  }
}

function lineOf(
  wire: Wire,
  look: Look,
  isDrop: boolean,
): { stroke: Rgb; pattern: number; isLoud: boolean } {
  const { status, signal } = wire
  if (status === 'DOWN') return { stroke: look.down, pattern: 1, isLoud: true }
  if (signal === 'NO_SIGNAL') return { stroke: look.down, pattern: 1, isLoud: true }
  if (status === 'DEGRADED' || signal === 'CRITICAL') {
    return { stroke: look.degraded, pattern: 2, isLoud: true }
  }
  if (signal === 'WARNING' || signal === 'OVERLOAD') {
    return { stroke: look.degraded, pattern: 3, isLoud: true }
  }
  const share = isDrop ? 0.4 : 0.62
  return { stroke: mix(look.ground, look.lineStrong, share), pattern: 0, isLoud: false }
}

export function mix(from: Rgb, to: Rgb, share: number): Rgb {
  return [0, 1, 2].map((at) => {
    const [a, b] = [from[at] ?? 0, to[at] ?? 0]
    return a + (b - a) * share
  }) as unknown as Rgb
}

function isDimmed(spot: Spot, { traced, isAllowed }: Attention): boolean {
  if (isAllowed !== null) return !isAllowed(spot)
  return traced.size > 0 && !traced.has(spot.key)
}

/** The shares of a group that are out of service and impaired; its own status counts too. */
function tallyShares({ tally, device, members }: Spot): [number, number] {
  if (members.length === 0) return [0, 0]
  const total = Math.max(1, tally.devices)
  const own = device.effective_status
  const down = own === 'DOWN' ? 1 : widen(tally.down / total)
  const degraded = own === 'DEGRADED' ? 1 - down : widen(tally.degraded / total)
  return [down, Math.min(degraded, 1 - down)]
}

function widen(share: number): number {
  return share === 0 ? 0 : Math.max(share, SHARE_MIN)
}

