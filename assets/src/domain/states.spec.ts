import { expect, test } from 'vitest'
import { alarmStatus, deviceState, linkState, stateLabel, stateTone } from './states'
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

test('what is DOWN or DEGRADED because of planned work is shown as that, and alarms nobody', () => {
  const work = { status_override: 'DOWN', override_is_planned_work: true } as const
  const states = [
    deviceState(testDevice({ ...DOWN, ...work })),
    deviceState(testDevice({ effective_status: 'DEGRADED', isBehindPlannedWork: true })),
    linkState(testLink({ ...work, status: 'DOWN' })),
    linkState(testLink({ status: 'DOWN' }), [testDevice(), testDevice(work)]),
  ]
  expect(states.map(stateLabel)).toEqual(Array(4).fill('Planned work'))
  expect(states.map(alarmStatus)).toEqual(Array(4).fill('UP'))
  expect(states.map(stateTone)).toEqual(Array(4).fill('work'))
})

test('planned work does not hide what else is wrong, nor what is well', () => {
  const work = { status_override: 'DOWN', override_is_planned_work: true } as const
  const outage = testDevice({ status_override: 'DOWN' })
  expect(deviceState(testDevice({ isBehindPlannedWork: true }))).toBe('UP')
  expect(deviceState(testDevice({ ...DOWN, status_override: 'DOWN', isBehindPlannedWork: true }))).toBe('DOWN')
  expect(linkState(testLink({ status: 'DOWN' }), [testDevice(work), outage])).toBe('DOWN')
  expect(linkState(testLink({ status: 'DOWN', status_override: 'DOWN' }), [testDevice(work), null])).toBe('DOWN')
})

test('what is in service is shown by its status', () => {
  const dark = testDevice({ ...DOWN, status_reasons: ['no_optical_path'] })
  expect(deviceState(dark)).toBe('DOWN')
  expect(alarmStatus(deviceState(dark))).toBe('DOWN')
  expect(deviceState(testDevice({ ...DOWN, status_override: 'DOWN', status_reasons: ['override', 'not_connected'] }))).toBe('DOWN')
  expect(linkState(testLink({ status: 'DEGRADED' }))).toBe('DEGRADED')
})
