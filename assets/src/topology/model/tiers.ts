import type { DeviceType } from '../../api/types'
import { CONTAINER_TYPES, LEAF_TYPES, PASSIVE_TYPES } from '../../domain/deviceTypes'

/** How many steps a device type is from the backbone. Decides the rows of the layout, and parents. */
export const TIERS: Record<DeviceType, number> = {
  CORE_SITE: 0,
  POP: 0,
  BACKBONE_GATEWAY: 0,
  CORE_ROUTER: 1,
  EDGE_ROUTER: 2,
  OLT: 3,
  AON_SWITCH: 3,
  ODF: 4,
  NVT: 5,
  HOP: 5,
  SPLITTER: 6,
  ONT: 7,
  BUSINESS_ONT: 7,
  AON_CPE: 7,
}

/** From this tier on, a device without a container is counted in its parent's. */
export const ACCESS_TIER = TIERS.OLT

/** What a device is in the topology; each role has its own shape. */
export type Role = 'active' | 'passive' | 'leaf' | 'container'

export function roleOf(type: DeviceType): Role {
  if (CONTAINER_TYPES.includes(type)) return 'container'
  if (LEAF_TYPES.includes(type)) return 'leaf'
  return PASSIVE_TYPES.includes(type) ? 'passive' : 'active'
}
