import { shallowReactive, shallowRef, triggerRef } from 'vue'
import type { Device } from '../api/types'
import { deviceState, type State } from '../domain/states'
import type { ChangeItem } from '../live/types'

/**
 * All devices by id, as on the server. Replaced or triggered once per batch:
 * a reactive map would notify once per device.
 */
export const devices = shallowRef(new Map<number, Device>())

/** Those that are DOWN or DEGRADED because of planned work elsewhere; marked in the list. */
let behindPlannedWork: ReadonlySet<number> = new Set()

/** Grows whenever a device has another name, or comes or goes. */
let namesVersion = 0

export function deviceNamesVersion(): number {
  return namesVersion
}

/** How many devices there are of each status, of each kind that alarms nobody, and how many are overridden. */
export const counts = shallowReactive<Record<State | 'overridden', number>>(noCounts())

export function replaceDevices(list: Device[]): void {
  const next = new Map<number, Device>()
  const sums = noCounts()
  for (const listed of list) {
    const device = marked(listed)
    next.set(device.id, device)
    sums[deviceState(device)] += 1
    if (device.status_override !== null) sums.overridden += 1
  }
  devices.value = next
  namesVersion += 1
  Object.assign(counts, sums)
}

export function applyDeviceChanges(items: ChangeItem[]): void {
  let touched = false
  for (const item of items) {
    if (item.kind !== 'device') continue
    store(item.id, item.value)
    touched = true
  }
  if (touched) triggerRef(devices)
}

/** Marks the devices that are DOWN or DEGRADED because of planned work elsewhere, and no others. */
export function markBehindPlannedWork(ids: ReadonlySet<number>): void {
  const before = behindPlannedWork
  behindPlannedWork = ids
  let touched = false
  for (const id of new Set([...before, ...ids])) {
    const device = devices.value.get(id)
    if (before.has(id) === ids.has(id) || device === undefined) continue
    store(id, device)
    touched = true
  }
  if (touched) triggerRef(devices)
}

function store(id: number, value: Device | null): void {
  const next = value === null ? null : marked(value)
  const before = devices.value.get(id)
  if (before?.name !== next?.name) namesVersion += 1
  if (before !== undefined) count(before, -1)
  if (next === null) {
    devices.value.delete(id)
    return
  }
  count(next, 1)
  devices.value.set(id, next)
}

/** A device with or without the mark; the same object where that is right already. */
function marked(device: Device): Device {
  const isBehind = behindPlannedWork.has(device.id)
  if (isBehind === (device.isBehindPlannedWork === true)) return device
  const { isBehindPlannedWork: _, ...unmarked } = device
  return isBehind ? { ...unmarked, isBehindPlannedWork: true } : unmarked
}

function count(device: Device, by: 1 | -1): void {
  counts[deviceState(device)] += by
  if (device.status_override !== null) counts.overridden += by
}

function noCounts(): Record<State | 'overridden', number> {
  return { DOWN: 0, DEGRADED: 0, UP: 0, PLANNED_WORK: 0, PLANNED: 0, RETIRED: 0, NOT_CONNECTED: 0, overridden: 0 }
}
