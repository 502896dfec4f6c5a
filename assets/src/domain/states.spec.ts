import { expect, test } from 'vitest'
import { alarmStatus, deviceState, linkState, stateLabel } from './states'
import { testDevice, testLink } from './testing'

const DOWN = { status: 'DOWN', effective_status: 'DOWN' } as const

test('what is planned, retired or not connected is shown as that, and alarms nobody', () => {
  const states = [
    deviceState(testDevice({ ...DOWN, lifecycle: 'planned', status_reasons: ['not_in_service'] })),
    deviceState(testDevice({ ...DOWN, lifecycle: 'retired', status_reasons: ['not_in_service'] })),
    deviceState(testDevice({ ...DOWN, status_reasons: ['not_connected'] })),
    linkState(testLink({ status: 'DOWN', lifecycle: 'planned' })),
  ]
  expect(states).toEqual(['PLANNED', 'RETIRED', 'NOT_CONNECTED', 'PLANNED'])
  expect(states.map(alarmStatus)).toEqual(['UP', 'UP', 'UP', 'UP'])
  expect(states.map(stateLabel)).toEqual(['Planned', 'Retired', 'Not connected yet', 'Planned'])
})

test('what is in service is shown by its status', () => {
  const dark = testDevice({ ...DOWN, status_reasons: ['no_optical_path'] })
  expect(deviceState(dark)).toBe('DOWN')
  expect(alarmStatus(deviceState(dark))).toBe('DOWN')
  expect(deviceState(testDevice({ ...DOWN, status_override: 'DOWN', status_reasons: ['override', 'not_connected'] }))).toBe('DOWN')
  expect(linkState(testLink({ status: 'DEGRADED' }))).toBe('DEGRADED')
})
