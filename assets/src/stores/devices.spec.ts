import { expect, test } from 'vitest'
import { testDevice } from '../domain/testing'
import { applyDeviceChanges, counts, devices, replaceDevices } from './devices'

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
