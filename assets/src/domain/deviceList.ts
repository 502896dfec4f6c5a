import type { Device, DeviceType } from '../api/types'
import { type LineFilter, lineNames, matchesLine } from './accessLine'
import { fold, sortKey } from './fold'
import { typeLabel } from './deviceTypes'
import { detailQuery, foldedDetails, foldedName } from './deviceSearch'
import { deviceState, type State, stateRank } from './states'
import { STATUS_RANK } from './statuses'
import { hasUncertainJoins } from './statusReasons'

export const SORT_KEYS = [
  'status',
  'name',
  'type',
  'container',
  'olt',
  'pon',
  'splitter',
  'serial',
  'customer',
  'override',
  'id',
  'updated',
] as const
export type SortKey = (typeof SORT_KEYS)[number]

/** Which devices, in which order. An empty string means any. */
export interface ListQuery extends LineFilter {
  text: string
  type: DeviceType | ''
  /** What it is shown as. */
  status: State | ''
  /** Only devices in this container. */
  container: number | null
  /** Only devices with an override. */
  overridden: boolean
  /** Only parts whose joins are assumed or not recorded. */
  uncertain: boolean
  /** Only devices that lose service with this device or link: `device-7`, `link-12`. */
  behind: string
  sort: SortKey
  descending: boolean
}

export const DEFAULT_QUERY: ListQuery = {
  text: '',
  type: '',
  status: '',
  container: null,
  olt: null,
  pon: null,
  splitter: null,
  overridden: false,
  uncertain: false,
  behind: '',
  sort: 'id',
  descending: false,
}

/** The column to sort devices by; one that only other lists have counts as the default. */
export function deviceSortKey(key: string): SortKey {
  return SORT_KEYS.find((each) => each === key) ?? DEFAULT_QUERY.sort
}

type Devices = ReadonlyMap<number, Device>

/** Sorts after every text, so that devices without a value come last. */
const LAST = '\u{10FFFF}'

/** Folded once per device; a changed device is a new object. */
const nameKeys = new WeakMap<Device, string>()
const foldedReasons = new WeakMap<Device, string>()

/**
 * The ids of the devices that match, in order; equal ones by ascending id. `behindIds`: those that `query.behind`
 * stands for.
 */
export function listDevices(devices: Devices, query: ListQuery, behindIds: readonly number[] = []): number[] {
  const candidates = query.behind === '' ? [...devices.values()] : behindIds.flatMap((id) => devices.get(id) ?? [])
  const rows = candidates.filter(matcher(devices, query))
  const keyOf = keyBy(devices, query.sort)
  const keyed = rows.map((device) => ({ key: keyOf(device), id: device.id }))
  const sign = query.descending ? -1 : 1
  keyed.sort((a, b) => (a.key < b.key ? -sign : a.key > b.key ? sign : a.id - b.id))
  return keyed.map(({ id }) => id)
}

export function containerName(devices: Devices, device: Device): string | null {
  if (device.parent_container_id === null) return null
  return devices.get(device.parent_container_id)?.name ?? `#${device.parent_container_id}`
}

function matcher(devices: Devices, query: ListQuery): (device: Device) => boolean {
  const { type, status, container, overridden, uncertain } = query
  const text = fold(query.text.trim())
  const detail = detailQuery(text)
  const id = /^#?\d+$/.test(text) ? Number(text.replace('#', '')) : null
  return (device) => {
    if (type !== '' && device.device_type !== type) return false
    if (status !== '' && deviceState(device) !== status) return false
    if (container !== null && device.parent_container_id !== container) return false
    if (!matchesLine(query, device.served_by)) return false
    if (overridden && device.status_override === null) return false
    if (uncertain && !hasUncertainJoins(device)) return false
    if (text === '' || device.id === id) return true
    if (foldedName(device).includes(text) || foldedReason(device).includes(text)) return true
    if (foldedDetails(device).includes(detail)) return true
    const parent = devices.get(device.parent_container_id ?? -1)
    return parent !== undefined && foldedName(parent).includes(text)
  }
}

function keyBy(devices: Devices, sort: SortKey): (device: Device) => string | number {
  switch (sort) {
    case 'id':
      return (device) => device.id
    case 'name':
      return nameKey
    case 'status':
      return (device) => stateRank(deviceState(device))
    case 'type':
      return (device) => typeLabel(device.device_type)
    case 'serial':
      return (device) => device.serial ?? LAST
    case 'customer':
      return (device) => (device.customer_name == null ? LAST : sortKey(device.customer_name))
    case 'updated':
      return (device) => device.updated_at
    case 'override':
      return (device) =>
        device.status_override === null
          ? LAST
          : `${STATUS_RANK[device.status_override]}${foldedReason(device)}`
    case 'olt':
    case 'pon':
    case 'splitter':
      return lineKey(devices, sort)
    case 'container':
      return (device) => {
        const parent = devices.get(device.parent_container_id ?? -1)
        return parent === undefined ? LAST : nameKey(parent)
      }
  }
}

/** A key by what serves a device; within an OLT by its ports, within a port by the OLTs. */
function lineKey(devices: Devices, sort: 'olt' | 'pon' | 'splitter'): (device: Device) => string {
  // A few names serve very many leaves.
  const keys = new Map<string, string>()
  const keyOf = (name: string): string => {
    let key = keys.get(name)
    if (key === undefined) {
      key = sortKey(name)
      keys.set(name, key)
    }
    return key
  }
  return (device) => {
    const line = lineNames(devices, device)
    if (line === null) return LAST
    if (sort === 'splitter') return line.splitter === null ? LAST : keyOf(line.splitter)
    const [olt, port] = [keyOf(line.olt), keyOf(line.port)]
    return sort === 'olt' ? olt + port : port + olt
  }
}

/** A key that sorts devices by name. */
export function nameKey(device: Device): string {
  return cached(nameKeys, device, () => sortKey(device.name))
}

function foldedReason(device: Device): string {
  if (device.override_reason === null) return ''
  const reason = device.override_reason
  return cached(foldedReasons, device, () => fold(reason))
}

function cached(cache: WeakMap<Device, string>, device: Device, make: () => string): string {
  let text = cache.get(device)
  if (text === undefined) {
    text = make()
    cache.set(device, text)
  }
  return text
}
