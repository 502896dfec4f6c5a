import { shallowReactive, shallowRef, triggerRef } from 'vue'
import { clearOverride, setOverride } from '../api/devices'
import { ApiError } from '../api/http'
import type { Device, OverrideAnswer, Status } from '../api/types'
import type { ChangeItem } from '../live/types'
import { write } from './writes'

const NOT_FOUND = 404

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

/** How many devices there are of each effective status, and how many are overridden. */
export const counts = shallowReactive<Record<Status | 'overridden', number>>({
  DOWN: 0,
  DEGRADED: 0,
  UP: 0,
  overridden: 0,
})

export function replaceDevices(list: Device[]): void {
  const next = new Map<number, Device>()
  const sums = { DOWN: 0, DEGRADED: 0, UP: 0, overridden: 0 }
  for (const device of list) {
    next.set(device.id, device)
    sums[device.effective_status] += 1
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

/** Overrides a status. Shown at once; the old value returns if the server refuses. */
export async function overrideStatus(
  id: number,
  status: Status,
  reason: string | null,
): Promise<void> {
  await optimistic(
    id,
    (device) => ({
      status_override: status,
      override_reason: reason,
      effective_status: status,
      status_reasons: ['override', ...computedReasons(device)],
    }),
    () => setOverride(id, status, reason),
  )
}

/** Clears an override. Shown at once, like `overrideStatus`. */
export async function clearStatusOverride(id: number): Promise<void> {
  await optimistic(
    id,
    (device) => ({
      status_override: null,
      override_reason: null,
      effective_status: device.status,
      status_reasons: computedReasons(device),
    }),
    () => clearOverride(id),
  )
}

async function optimistic(
  id: number,
  patch: (device: Device) => Partial<Device>,
  send: () => Promise<OverrideAnswer>,
): Promise<void> {
  const before = devices.value.get(id)
  if (before === undefined) throw new ApiError(NOT_FOUND, `Device ${id} no longer exists.`)
  const guess = { ...before, ...patch(before) }
  if (guess.effective_status !== before.effective_status) {
    guess.status_since = new Date().toISOString()
  }
  put(guess)
  try {
    const answer = await write(send)
    const current = devices.value.get(id)
    // The live feed may already have a newer state than the answer.
    if (current === guess || isNewer(answer.device, current)) put(answer.device)
  } catch (error) {
    if (devices.value.get(id) === guess) put(before)
    throw error
  }
}

function isNewer(answer: Device, current: Device | undefined): boolean {
  return current !== undefined && answer.updated_at > current.updated_at
}

function computedReasons(device: Device): string[] {
  return device.status_reasons.filter((code) => !code.startsWith('override'))
}

function put(device: Device): void {
  store(device.id, device)
  triggerRef(devices)
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
  counts[device.effective_status] += by
  if (device.status_override !== null) counts.overridden += by
}
