import type { DeviceType } from '../api/types'
import { devices } from './devices'
import { endsOf, links } from './links'

const BACKBONE_TYPES: readonly DeviceType[] = ['BACKBONE_GATEWAY', 'CORE_ROUTER', 'EDGE_ROUTER']
/** A simulation's answer lists every device that changes: below this many, that takes at most a few seconds. */
const DEVICES_MAX = 20_000

/** Whether a change of these may reach most devices of a large site: routers, or a link between two. */
export function reachesMany(deviceIds: readonly number[], linkIds: readonly number[] = []): boolean {
  if (devices.value.size <= DEVICES_MAX) return false
  return deviceIds.some(isBackbone) || linkIds.some(isBackboneLink)
}

function isBackbone(deviceId: number): boolean {
  const type = devices.value.get(deviceId)?.device_type
  return type !== undefined && BACKBONE_TYPES.includes(type)
}

function isBackboneLink(linkId: number): boolean {
  const link = links.value.get(linkId)
  const ends = link === undefined ? null : endsOf(link)
  return ends !== null && isBackbone(ends.a.deviceId) && isBackbone(ends.b.deviceId)
}
