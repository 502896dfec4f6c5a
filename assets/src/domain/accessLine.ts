import type { Device, Problem, ServedBy } from '../api/types'
import { sortKey } from './fold'

type Devices = ReadonlyMap<number, Device>

/** What serves a leaf, by name: the OLT or AON switch, its port, the splitter. */
export interface LineNames {
  olt: string
  port: string
  /** `null` without a splitter. */
  splitter: string | null
}

/** What serves a device; `null` where nothing does. */
export function lineNames(devices: Devices, { served_by: served }: Pick<Device, 'served_by'>): LineNames | null {
  if (served == null) return null
  const name = (id: number): string => devices.get(id)?.name ?? `#${id}`
  const splitter = served.splitter_id == null ? null : name(served.splitter_id)
  return { olt: name(served.olt_id), port: served.pon_port, splitter }
}

/** Which leaves: those of an OLT or AON switch, of one of its ports, of a splitter. */
export interface LineFilter {
  olt: number | null
  pon: number | null
  splitter: number | null
}

/** Whether what serves a device is within the filter. */
export function matchesLine({ olt, pon, splitter }: LineFilter, served: ServedBy | null | undefined): boolean {
  if (olt === null && pon === null && splitter === null) return true
  if (served == null) return false
  if (olt !== null && served.olt_id !== olt) return false
  if (pon !== null && served.pon_interface_id !== pon) return false
  return splitter === null || served.splitter_id === splitter
}

/** A choice of a filter. */
export interface LineChoice {
  id: number
  name: string
}

/** The ports and the splitters that serve leaves of an OLT or AON switch, by name; of one port if `pon` is set. */
export function lineChoices(devices: Devices, { olt, pon }: LineFilter): { ports: LineChoice[]; splitters: LineChoice[] } {
  const ports = new Map<number, string>()
  const splitters = new Map<number, string>()
  if (olt !== null) {
    for (const { served_by: served } of devices.values()) {
      if (served?.olt_id !== olt) continue
      ports.set(served.pon_interface_id, served.pon_port)
      const id = served.splitter_id
      if (id == null || (pon !== null && served.pon_interface_id !== pon)) continue
      splitters.set(id, devices.get(id)?.name ?? `#${id}`)
    }
  }
  return { ports: byName(ports), splitters: byName(splitters) }
}

/** OLTs and AON switches, by name. */
export function accessNodes(devices: Devices): LineChoice[] {
  const nodes = new Map<number, string>()
  for (const { id, name, device_type: type } of devices.values()) {
    if (type === 'OLT' || type === 'AON_SWITCH') nodes.set(id, name)
  }
  return byName(nodes)
}

function byName(names: ReadonlyMap<number, string>): LineChoice[] {
  const keyed = [...names].map(([id, name]) => ({ id, name, key: sortKey(name) }))
  keyed.sort((a, b) => (a.key < b.key ? -1 : 1))
  return keyed.map(({ id, name }) => ({ id, name }))
}

/**
 * What serves everything that a problem affects, as far as it is the same: `OLT-3 pon2, S-17`. Empty where the OLTs
 * differ. The cause itself is not named again.
 */
export function problemLine(devices: Devices, { kind, id, device_ids: affected }: Problem): string {
  const ids = kind === 'device' ? [id, ...affected] : affected
  let common: LineNames & { oltId: number; splitterId: number | null; isPort: boolean } | null = null
  for (const each of ids) {
    const device = devices.get(each)
    const served = device?.served_by
    if (device === undefined || served == null) continue
    const names = lineNames(devices, device)
    if (names === null) continue
    if (common === null) {
      common = { ...names, oltId: served.olt_id, splitterId: served.splitter_id ?? null, isPort: true }
      continue
    }
    // An outage of a core affects OLTs without number; two of them are enough to know.
    if (common.oltId !== served.olt_id) return ''
    if (common.port !== names.port) common.isPort = false
    if (common.splitter !== names.splitter) common.splitter = null
  }
  if (common === null) return ''
  const isCause = (device: number | null): boolean => kind === 'device' && device === id
  const olt = isCause(common.oltId) ? '' : common.olt
  const access = [olt, common.isPort ? common.port : ''].filter((part) => part !== '').join(' ')
  const splitter = common.splitter === null || isCause(common.splitterId) ? '' : common.splitter
  return [access, splitter].filter((part) => part !== '').join(', ')
}
