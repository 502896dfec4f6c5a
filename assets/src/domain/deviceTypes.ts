import type { DeviceType } from '../api/types'

/** Device types as people write them. A record, so that the compiler finds a missing one. */
export const TYPE_LABELS: Record<DeviceType, string> = {
  BACKBONE_GATEWAY: 'Backbone gateway',
  CORE_ROUTER: 'Core router',
  EDGE_ROUTER: 'Edge router',
  OLT: 'OLT',
  AON_SWITCH: 'AON switch',
  ONT: 'ONT',
  BUSINESS_ONT: 'Business ONT',
  AON_CPE: 'AON CPE',
  POP: 'POP',
  CORE_SITE: 'Core site',
  ODF: 'ODF',
  NVT: 'NVT',
  SPLITTER: 'Splitter',
  HOP: 'HOP',
}
export const DEVICE_TYPES = Object.keys(TYPE_LABELS) as DeviceType[]

export const PASSIVE_TYPES: readonly DeviceType[] = ['ODF', 'NVT', 'SPLITTER', 'HOP']
/** The types whose ports are planned: parts that pass light on, and what sends it. */
export const PORT_TYPES: readonly DeviceType[] = [...PASSIVE_TYPES, 'OLT']
export const CONTAINER_TYPES: readonly DeviceType[] = ['POP', 'CORE_SITE']
/** The types that serve a subscriber. */
export const LEAF_TYPES: readonly DeviceType[] = ['ONT', 'BUSINESS_ONT', 'AON_CPE']

/** The types in groups, from the backbone outwards. */
export const DEVICE_FAMILIES: readonly { name: string; types: readonly DeviceType[] }[] = [
  { name: 'Routed core', types: ['BACKBONE_GATEWAY', 'CORE_ROUTER', 'EDGE_ROUTER'] },
  { name: 'Access', types: ['OLT', 'AON_SWITCH'] },
  { name: 'Passive', types: PASSIVE_TYPES },
  { name: 'Subscribers', types: LEAF_TYPES },
  { name: 'Containers', types: CONTAINER_TYPES },
]

const labels = new Map<string, string>(Object.entries(TYPE_LABELS))

/** The label of a device type; a type that this page does not know is shown as it came. */
export function typeLabel(type: string): string {
  return labels.get(type) ?? type
}

export function isContainer(type: DeviceType): boolean {
  return CONTAINER_TYPES.includes(type)
}
