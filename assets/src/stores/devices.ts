import { shallowReactive, shallowRef, triggerRef } from 'vue'
import type { Device } from '../api/types'
import { deviceState, type State } from '../domain/states'
import type { ChangeItem } from '../live/types'

/**
 * All devices by id, as on the server. Replaced or triggered once per batch:
 * a reactive map would notify once per device.
 */
export const devices = shallowRef(new Map<number, Device>())

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
  for (const device of list) {
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

function store(id: number, next: Device | null): void {
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

function count(device: Device, by: 1 | -1): void {
  counts[deviceState(device)] += by
  if (device.status_override !== null) counts.overridden += by
}

function noCounts(): Record<State | 'overridden', number> {
  return { DOWN: 0, DEGRADED: 0, UP: 0, PLANNED: 0, RETIRED: 0, NOT_CONNECTED: 0, overridden: 0 }
}
