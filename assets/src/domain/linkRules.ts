import type { DeviceType } from '../api/types'
import { isContainer, PASSIVE_TYPES } from './deviceTypes'

/** The server's link rules, so that the page can dim what the server would refuse. */

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
/** A link with one of these at an end is always a fibre. */
const OPTICAL_ENDS: readonly DeviceType[] = [...PASSIVE_TYPES, 'ONT', 'BUSINESS_ONT']

/** The rule that allows a link between two types, or null if no rule does. */
export function linkRule(a: DeviceType, b: DeviceType): string | null {
  if (isContainer(a) || isContainer(b)) return null
  if (PASSIVE_TYPES.includes(a) || PASSIVE_TYPES.includes(b)) return 'L8_INLINE_PASSIVE'
  for (const [rule, [one, other]] of Object.entries(PAIRS)) {
    if ((a === one && b === other) || (a === other && b === one)) return rule
  }
  return a === b && PEERS.includes(a) ? 'L9_PEER_TO_PEER' : null
}

/** Whether a link between two types must be a fibre. Routers are linked by fibre or by Ethernet. */
export function isOpticalPair(a: DeviceType, b: DeviceType): boolean {
  return OPTICAL_ENDS.includes(a) || OPTICAL_ENDS.includes(b)
}
