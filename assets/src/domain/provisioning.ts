import type { DeviceType } from '../api/types'
import { typeLabel } from '../utils/format'

/** What provisioning a type makes and needs, as docs/02 has it; the server decides. */
export interface Recipe {
  /** The ports made, in words. */
  ports: string
  /** One of these must exist. */
  upstream: readonly DeviceType[]
}

export const RECIPES: Record<DeviceType, Recipe> = {
  BACKBONE_GATEWAY: { ports: 'mgmt0, lo0', upstream: [] },
  CORE_ROUTER: { ports: 'mgmt0, lo0', upstream: [] },
  EDGE_ROUTER: { ports: 'mgmt0, lo0', upstream: ['CORE_ROUTER', 'BACKBONE_GATEWAY'] },
  OLT: { ports: 'mgmt0, lo0, pon0 to pon7', upstream: ['EDGE_ROUTER'] },
  AON_SWITCH: { ports: 'mgmt0, lo0, eth0 to eth23', upstream: ['EDGE_ROUTER'] },
  ONT: { ports: 'eth0', upstream: ['OLT'] },
  BUSINESS_ONT: { ports: 'eth0 to eth3', upstream: ['OLT'] },
  AON_CPE: { ports: 'wan0, lan0 to lan3', upstream: ['AON_SWITCH'] },
  POP: { ports: 'none: it holds other devices', upstream: [] },
  CORE_SITE: { ports: 'none: it holds other devices', upstream: [] },
  ODF: { ports: 'port1 to port48', upstream: [] },
  NVT: { ports: 'port1 to port12', upstream: [] },
  SPLITTER: { ports: 'in0, out0 to out31', upstream: [] },
  HOP: { ports: 'port1 to port8', upstream: [] },
}

/** The families of the provisioning palette, from the backbone outwards. */
export const FAMILIES: readonly { name: string; types: readonly DeviceType[] }[] = [
  { name: 'Routed core', types: ['BACKBONE_GATEWAY', 'CORE_ROUTER', 'EDGE_ROUTER'] },
  { name: 'Access', types: ['OLT', 'AON_SWITCH'] },
  { name: 'Passive', types: ['ODF', 'NVT', 'SPLITTER', 'HOP'] },
  { name: 'Subscribers', types: ['ONT', 'BUSINESS_ONT', 'AON_CPE'] },
  { name: 'Containers', types: ['POP', 'CORE_SITE'] },
]

/** Why provisioning would be refused for want of an upstream device, or null. */
export function missingUpstream(
  type: DeviceType,
  exists: (type: DeviceType) => boolean,
): string | null {
  const { upstream } = RECIPES[type]
  if (upstream.length === 0 || upstream.some(exists)) return null
  const needed = upstream.map((each) => withArticle(typeLabel(each))).join(' or ')
  return `${capital(withArticle(typeLabel(type)))} needs ${needed} to connect to, and the site has none yet.`
}

function withArticle(label: string): string {
  return `${/^[AEIO]/.test(label) ? 'an' : 'a'} ${label}`
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}
