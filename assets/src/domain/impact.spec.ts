import { expect, test } from 'vitest'
import type { Simulated } from '../api/types'
import { impactOf, impactText } from './impact'
import { testDevice } from './testing'

function simulated(devices: Simulated['devices']): Simulated {
  return { device_count: devices.length, link_count: 0, devices, links: [] }
}

const down = testDevice({ effective_status: 'DOWN' })
const up = { id: 1, before: down, after: testDevice() }
const same = { id: 2, before: down, after: { ...down, status_override: null } }
const degraded = { id: 3, before: down, after: testDevice({ effective_status: 'DEGRADED' }) }

test('the text counts only devices whose status changes', () => {
  expect(impactText(simulated([same]))).toBe('No device changes status.')
  expect(impactText(simulated([up, same]))).toBe('ont-1 will go UP.')
  expect(impactText(simulated([up, degraded, up]))).toBe(
    '1\u00a0device will become DEGRADED, 2\u00a0devices will go UP.',
  )
})

test('the numbers tell deleted, orphaned, worse and better devices apart', () => {
  const inside = testDevice({ parent_container_id: 9, device_type: 'OLT' })
  const devices = [
    up,
    same,
    { id: 4, before: testDevice(), after: down },
    { id: 5, before: inside, after: null },
    { id: 6, before: inside, after: { ...inside, parent_container_id: null, effective_status: 'DOWN' as const } },
  ]
  expect(impactOf(simulated(devices))).toEqual({
    devicesDeleted: 1,
    linksDeleted: 0,
    devicesOrphaned: 1,
    devicesWorse: 2,
    subscribersWorse: 1,
    devicesBetter: 1,
  })
})
