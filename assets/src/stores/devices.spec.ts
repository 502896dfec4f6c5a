import { expect, test } from 'vitest'
import { testDevice } from '../domain/testing'
import { applyDeviceChanges, counts, devices, markBehindPlannedWork, replaceDevices } from './devices'

test('counts follow the list and its changes', () => {
  replaceDevices([testDevice(), testDevice({ id: 2, effective_status: 'DEGRADED' })])
  expect(counts).toMatchObject({ DOWN: 0, DEGRADED: 1, UP: 1, overridden: 0 })
  applyDeviceChanges([
    { kind: 'device', id: 1, value: testDevice({ status_override: 'DOWN', effective_status: 'DOWN' }) },
    { kind: 'device', id: 2, value: null },
    { kind: 'link', id: 2, value: null },
  ])
  expect(counts).toMatchObject({ DOWN: 1, DEGRADED: 0, UP: 0, overridden: 1 })
  expect([...devices.value.keys()]).toEqual([1])
})

test('what is planned or not connected yet is not counted as DOWN', () => {
  const down = { effective_status: 'DOWN' } as const
  replaceDevices([
    testDevice({ ...down, lifecycle: 'planned' }),
    testDevice({ ...down, id: 2, status_reasons: ['not_connected'] }),
    testDevice({ ...down, id: 3 }),
  ])
  expect(counts).toMatchObject({ DOWN: 1, PLANNED: 1, NOT_CONNECTED: 1 })
  applyDeviceChanges([{ kind: 'device', id: 1, value: testDevice({ ...down, lifecycle: 'in_service' }) }])
  expect(counts).toMatchObject({ DOWN: 2, PLANNED: 0 })
})

test('what is behind planned work is counted as that, also after it has changed or the list was loaded again', () => {
  const down = { effective_status: 'DOWN' } as const
  const list = [testDevice({ ...down }), testDevice({ ...down, id: 2 }), testDevice({ id: 3 })]
  replaceDevices(list)
  const untouched = devices.value.get(2)
  markBehindPlannedWork(new Set([1, 3, 9]))
  expect(counts).toMatchObject({ DOWN: 1, PLANNED_WORK: 1, UP: 1 })
  expect(devices.value.get(2)).toBe(untouched)
  applyDeviceChanges([{ kind: 'device', id: 3, value: testDevice({ ...down, id: 3 }) }])
  expect(counts).toMatchObject({ DOWN: 1, PLANNED_WORK: 2, UP: 0 })
  replaceDevices(list)
  expect(counts).toMatchObject({ DOWN: 1, PLANNED_WORK: 1, UP: 1 })
  markBehindPlannedWork(new Set())
  expect(counts).toMatchObject({ DOWN: 2, PLANNED_WORK: 0, UP: 1 })
  expect(devices.value.get(1)).not.toHaveProperty('isBehindPlannedWork')
})
