import type { DeviceType } from '../api/types'

/** The server's link rules, for dimming what it would refuse; the server decides. */

type Pair = readonly [DeviceType, DeviceType]

const PAIRS: Record<string, Pair> = {
  L1_BACKBONE_CORE: ['BACKBONE_GATEWAY', 'CORE_ROUTER'],
  L2_CORE_EDGE: ['CORE_ROUTER', 'EDGE_ROUTER'],
  L3_EDGE_OLT: ['EDGE_ROUTER', 'OLT'],
  L4_EDGE_AON: ['EDGE_ROUTER', 'AON_SWITCH'],
  L5_OLT_ONT: ['OLT', 'ONT'],
  L6_OLT_BUSINESS_ONT: ['OLT', 'BUSINESS_ONT'],
  L7_AON_CPE: ['AON_SWITCH', 'AON_CPE'],
}
const PEERS: readonly DeviceType[] = ['BACKBONE_GATEWAY', 'CORE_ROUTER', 'EDGE_ROUTER']
export const PASSIVE_TYPES: readonly DeviceType[] = ['ODF', 'NVT', 'SPLITTER', 'HOP']
export const CONTAINER_TYPES: readonly DeviceType[] = ['POP', 'CORE_SITE']
export const LEAF_TYPES: readonly DeviceType[] = ['ONT', 'BUSINESS_ONT', 'AON_CPE']
/** Links between these carry light, whatever stands at the other end. */
const OPTICAL_ENDS: readonly DeviceType[] = [...PASSIVE_TYPES, 'ONT', 'BUSINESS_ONT']

/** The rule that allows a link between two types, or null where none does. */
export function linkRule(a: DeviceType, b: DeviceType): string | null {
  if (isContainer(a) || isContainer(b)) return null
  if (PASSIVE_TYPES.includes(a) || PASSIVE_TYPES.includes(b)) return 'L8_INLINE_PASSIVE'
  for (const [rule, [one, other]] of Object.entries(PAIRS)) {
    if ((a === one && b === other) || (a === other && b === one)) return rule
  }
  return a === b && PEERS.includes(a) ? 'L9_PEER_TO_PEER' : null
}

export function isContainer(type: DeviceType): boolean {
  return CONTAINER_TYPES.includes(type)
}

/** Whether a link between the two is a fibre by nature; routers are linked either way. */
export function isOpticalPair(a: DeviceType, b: DeviceType): boolean {
  return OPTICAL_ENDS.includes(a) || OPTICAL_ENDS.includes(b)
}
