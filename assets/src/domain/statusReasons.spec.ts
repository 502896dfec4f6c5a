import { expect, test } from 'vitest'
import type { Device } from '../api/types'
import { hasUncertainJoins, statusReasons } from './statusReasons'
import { TEST_SIGNAL, testDevice } from './testing'

test.each<[string, Partial<Device>, string[]]>([
  ['no reason', {}, []],
  ['a cut', { status_reasons: ['no_optical_path'] }, ['No fibre path to a working OLT.']],
  ['a small margin', { status_reasons: ['signal_critical'], signal: TEST_SIGNAL }, [
    'Optical margin is 1.97\u00a0dB downstream; below 3\u00a0dB is critical.',
  ]],
  ['too little power', {
    status_reasons: ['no_signal'],
    signal: { ...TEST_SIGNAL, margin_db: -2.26, class: 'NO_SIGNAL', limiting_direction: 'up' },
  }, ['Received power at the OLT is 2.26\u00a0dB below its sensitivity.']],
  ['too much power', {
    status_reasons: ['signal_overload'],
    signal: { ...TEST_SIGNAL, margin_db: 22, class: 'OVERLOAD' },
  }, ['Received power at the ONT is above its overload limit.']],
  ['a reason without its signal', { status_reasons: ['signal_warning'] }, ['Optical margin is below 6\u00a0dB.']],
  ['overridden to DOWN: what follows from it is not shown',
    { status_override: 'DOWN', status_reasons: ['override', 'no_optical_path'] },
    ['Overridden to DOWN by an operator.'],
  ],
  ['overridden to UP, but computed DOWN', {
    status_override: 'UP',
    status_reasons: ['override', 'override_conflict', 'no_switch'],
  }, [
    'Overridden to UP by an operator.',
    'Without the override it would be DOWN:',
    'No path to a working AON switch.',
  ]],
  ['a leaf without a fibre', { status_reasons: ['not_connected'] }, ['No fibre is connected yet.']],
  ['a code of a newer server', { status_reasons: ['constructor'] }, [
    'Reason code from the server: “constructor”.',
  ]],
])('%s', (_name, more, expected) => {
  expect(statusReasons(testDevice(more))).toEqual(expected)
})

test('a part whose joins are assumed or missing has to be checked', () => {
  expect(hasUncertainJoins(testDevice({ status_reasons: ['joins_assumed'] }))).toBe(true)
  expect(hasUncertainJoins(testDevice({ status_reasons: ['no_active_device', 'joins_not_recorded'] }))).toBe(true)
  expect(hasUncertainJoins(testDevice({ status_reasons: ['no_active_device'] }))).toBe(false)
})
