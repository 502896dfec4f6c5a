import type { DeviceType } from '../api/types'
import { typeLabel } from './deviceTypes'
import type { SplitRatio } from './splitRatios'

/** What provisioning a type creates and needs (docs/02_provisioning_flow.md); the server decides. */
export interface ProvisioningRule {
  /** The ports that are created, as text. */
  ports: string
  /** A device of one of these types must exist. */
  upstream: readonly DeviceType[]
}

export const PROVISIONING_RULES: Record<DeviceType, ProvisioningRule> = {
  BACKBONE_GATEWAY: { ports: 'mgmt0, lo0', upstream: [] },
  CORE_ROUTER: { ports: 'mgmt0, lo0', upstream: [] },
  EDGE_ROUTER: { ports: 'mgmt0, lo0', upstream: ['CORE_ROUTER', 'BACKBONE_GATEWAY'] },
  OLT: { ports: 'mgmt0, lo0, pon0 to pon7', upstream: ['EDGE_ROUTER'] },
  AON_SWITCH: { ports: 'mgmt0, lo0, eth0 to eth23', upstream: ['EDGE_ROUTER'] },
  ONT: { ports: 'eth0', upstream: ['OLT'] },
  BUSINESS_ONT: { ports: 'eth0 to eth3', upstream: ['OLT'] },
  AON_CPE: { ports: 'wan0, lan0 to lan3', upstream: ['AON_SWITCH'] },
  POP: { ports: 'none; it contains other devices', upstream: [] },
  CORE_SITE: { ports: 'none; it contains other devices', upstream: [] },
  ODF: { ports: 'port1 to port48', upstream: [] },
  NVT: { ports: 'port1 to port12', upstream: [] },
  SPLITTER: { ports: 'in0 and the outputs of its ratio', upstream: [] },
  HOP: { ports: 'port1 to port8', upstream: [] },
}

/** What a splitter gets without a ratio. */
export const USUAL_RATIO: SplitRatio = 32

/** The ports that provisioning creates. */
export function portsText(type: DeviceType, ratio: SplitRatio | null): string {
  return type === 'SPLITTER' ? `in0, out0 to out${(ratio ?? USUAL_RATIO) - 1}` : PROVISIONING_RULES[type].ports
}

/** Why the server would refuse to provision a type for lack of an upstream device, or null. */
export function missingUpstream(
  type: DeviceType,
  exists: (type: DeviceType) => boolean,
): string | null {
  const { upstream } = PROVISIONING_RULES[type]
  if (upstream.length === 0 || upstream.some(exists)) return null
  const needed = upstream.map((each) => withArticle(typeLabel(each))).join(' or ')
  return `${capital(withArticle(typeLabel(type)))} needs ${needed} to connect to, and the site has none.`
}

function withArticle(label: string): string {
  return `${/^[AEIO]/.test(label) ? 'an' : 'a'} ${label}`
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}
