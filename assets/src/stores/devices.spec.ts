import { beforeEach, expect, test, vi } from 'vitest'
import { setOverride } from '../api/devices'
import { ApiError } from '../api/http'
import type { Device, OverrideAnswer } from '../api/types'
import { applyDeviceChanges, counts, devices, overrideStatus, replaceDevices } from './devices'
import { readOnlyReason } from './writes'

vi.mock('../api/devices')

const up: Device = {
  id: 1,
  name: 'ont-1',
  device_type: 'ONT',
  status: 'UP',
  x: 0,
  y: 0,
  tx_power_dbm: null,
  sensitivity_min_dbm: null,
  insertion_loss_db: null,
  parent_container_id: null,
  status_override: null,
  override_reason: null,
  effective_status: 'UP',
  status_reasons: [],
  signal: null,
  pon_class: null,
  status_since: '2026-11-23T10:00:00.000000Z',
  created_at: '2026-11-23T10:00:00.000000Z',
  updated_at: '2026-11-23T10:00:00.000000Z',
}
const forced: Device = {
  ...up,
  status_override: 'DOWN',
  override_reason: 'dig',
  effective_status: 'DOWN',
  status_reasons: ['override'],
  status_since: '2026-11-23T10:00:01.000000Z',
  updated_at: '2026-11-23T10:00:01.000000Z',
}

let answer: PromiseWithResolvers<OverrideAnswer>

/** Node 20 has no `Promise.withResolvers`. */
function withResolvers<T>(): PromiseWithResolvers<T> {
  let resolve!: PromiseWithResolvers<T>['resolve']
  let reject!: PromiseWithResolvers<T>['reject']
  const promise = new Promise<T>((yes, no) => {
    resolve = yes
    reject = no
  })
  return { promise, resolve, reject }
}

beforeEach(() => {
  answer = withResolvers()
  vi.mocked(setOverride).mockReturnValue(answer.promise)
  replaceDevices([up, { ...up, id: 2, effective_status: 'DEGRADED' }])
})

test('counts follow the list and its changes', () => {
  expect(counts).toEqual({ DOWN: 0, DEGRADED: 1, UP: 1, overridden: 0 })
  applyDeviceChanges([
    { kind: 'device', id: 1, value: forced },
    { kind: 'device', id: 2, value: null },
    { kind: 'link', id: 2, value: null },
  ])
  expect(counts).toEqual({ DOWN: 1, DEGRADED: 0, UP: 0, overridden: 1 })
  expect([...devices.value.keys()]).toEqual([1])
})

test('an override shows at once and takes over the answer', async () => {
  const done = overrideStatus(1, 'DOWN', 'dig')
  expect(devices.value.get(1)).toMatchObject({
    effective_status: 'DOWN',
    override_reason: 'dig',
    status_reasons: ['override'],
  })
  answer.resolve({ message: '', device: forced })
  await done
  expect(devices.value.get(1)).toEqual(forced)
})

test('a refused override is reverted and throws the reason', async () => {
  const done = overrideStatus(1, 'DOWN', null)
  answer.reject(new ApiError(507, 'No space left'))
  await expect(done).rejects.toThrow('No space left')
  expect(devices.value.get(1)).toEqual(up)
  expect(counts).toEqual({ DOWN: 0, DEGRADED: 1, UP: 1, overridden: 0 })
  expect(readOnlyReason.value).toBe('No space left')
})

test('a newer state from the live feed wins over the answer and over reverting', async () => {
  const later = { ...up, name: 'renamed', updated_at: '2026-11-23T10:00:02.000000Z' }
  const first = overrideStatus(1, 'DOWN', 'dig')
  applyDeviceChanges([{ kind: 'device', id: 1, value: later }])
  answer.resolve({ message: '', device: forced })
  await first
  expect(devices.value.get(1)).toEqual(later)

  answer = withResolvers()
  vi.mocked(setOverride).mockReturnValue(answer.promise)
  const second = overrideStatus(1, 'DOWN', 'dig')
  applyDeviceChanges([{ kind: 'device', id: 1, value: null }])
  answer.reject(new ApiError(404, 'Device not found'))
  await expect(second).rejects.toThrow()
  expect(devices.value.has(1)).toBe(false)
})
