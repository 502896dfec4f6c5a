import { expect, test } from 'vitest'
import type { Device, Problem, Signal, Simulated } from '../api/types'
import { affectedText, causeText, effectSentence, problemSentence, whySentences } from './statusReasons'

const light: Signal = {
  rx_down_dbm: -26.03,
  rx_up_dbm: -20,
  margin_db: 1.97,
  class: 'CRITICAL',
  limiting_direction: 'down',
}

function device(more: Partial<Device>): Device {
  return {
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
    ...more,
  }
}

function problem(more: Partial<Problem>): Problem {
  return {
    kind: 'device',
    id: 1,
    name: 'SPL-1',
    place: null,
    problem: 'no_upstream',
    severity: 'critical',
    override_reason: null,
    since: '2026-11-23T10:00:00.000000Z',
    device_count: 0,
    leaf_count: 0,
    device_ids: [],
    ...more,
  }
}

test.each<[string, Partial<Device>, string[]]>([
  ['nothing to explain', {}, []],
  ['a cut', { status_reasons: ['no_optical_path'] }, [
    'No working OLT can be reached through this fibre path.',
  ]],
  ['weak light', { status_reasons: ['signal_critical'], signal: light }, [
    'Only 1.97\u00a0dB of margin left downstream; below 3\u00a0dB is critical.',
  ]],
  ['too weak light', {
    status_reasons: ['no_signal'],
    signal: { ...light, margin_db: -2.26, class: 'NO_SIGNAL', limiting_direction: 'up' },
  }, ['Too little light at the OLT: 2.26\u00a0dB below its receiver’s limit.']],
  ['too much light', {
    status_reasons: ['signal_overload'],
    signal: { ...light, margin_db: 22, class: 'OVERLOAD' },
  }, ['Too much light at the ONT: above its receiver’s limit.']],
  ['a reason without its signal', { status_reasons: ['signal_warning'] }, [
    'Less than 6 dB of optical margin is left.',
  ]],
  ['held DOWN, with what follows from it',
    { status_override: 'DOWN', status_reasons: ['override', 'no_optical_path'] },
    ['An operator holds it DOWN.'],
  ],
  ['held UP against the network', {
    status_override: 'UP',
    status_reasons: ['override', 'override_conflict', 'no_switch'],
  }, [
    'An operator holds it UP.',
    'But the network says DOWN:',
    'No working AON switch can be reached.',
  ]],
  ['a code of a newer server', { status_reasons: ['constructor'] }, [
    'Reason given by the server: “constructor”.',
  ]],
])('why: %s', (_name, more, expected) => {
  expect(whySentences(device(more))).toEqual(expected)
})

test.each<[Partial<Problem>, string, string]>([
  [{ problem: 'held', device_count: 13, leaf_count: 12 },
    'Held DOWN by an operator.', '12\u00a0subscribers, 13\u00a0devices'],
  [{ problem: 'held', severity: 'major', leaf_count: 1 },
    'Held DEGRADED by an operator.', '1\u00a0subscriber'],
  [{ problem: 'conflict', severity: 'minor' },
    'An operator holds it UP, but the network says DOWN.', 'no subscribers'],
  [{ device_count: 1 },
    'No chain of working routers reaches a backbone gateway.', '1\u00a0device'],
  [{ problem: 'signal_critical', leaf_count: 1 },
    'Less than 3 dB of optical margin is left.', '1\u00a0subscriber'],
  [{ problem: 'no_signal', leaf_count: 1_200, device_count: 1_200 },
    'Everything behind it is affected; at worst, too little light reaches the receiver.',
    '1,200\u00a0subscribers, 1,200\u00a0devices'],
  [{ problem: 'gremlins' }, 'Reason given by the server: “gremlins”.', 'no subscribers'],
])('problem: %o', (more, sentence, affected) => {
  expect(problemSentence(problem(more))).toBe(sentence)
  expect(affectedText(problem(more))).toBe(affected)
})

test('a device that is its own cause says how much light it lacks', () => {
  const dark = device({ status_reasons: ['no_signal'], signal: { ...light, margin_db: -2.26 } })
  expect(problemSentence(problem({ problem: 'no_signal' }), dark)).toBe(
    'Too little light at the ONT: 2.26\u00a0dB below its receiver’s limit.',
  )
  const mended = device({ signal: light })
  expect(problemSentence(problem({ problem: 'no_signal' }), mended)).toBe(
    'Too little light reaches the receiver.',
  )
})

test('what a cause is and where', () => {
  expect(causeText(problem({ kind: 'link', place: 'POP West' }), undefined)).toBe('Link, POP West')
  expect(causeText(problem({}), 'SPLITTER')).toBe('Splitter')
  expect(causeText(problem({}), undefined)).toBe('Device')
})

test('what clearing does counts only what changes its status', () => {
  const down = device({ effective_status: 'DOWN' })
  const simulated = (devices: Simulated['devices']): Simulated => ({
    device_count: devices.length,
    link_count: 0,
    devices,
    links: [],
  })
  const up = { id: 1, before: down, after: device({}) }
  const same = { id: 2, before: down, after: { ...down, status_override: null } }
  const degraded = { id: 3, before: down, after: device({ effective_status: 'DEGRADED' }) }
  expect(effectSentence(simulated([same]))).toBe('No device changes its status.')
  expect(effectSentence(simulated([up, same]))).toBe('ont-1 will come UP.')
  expect(effectSentence(simulated([up, degraded, up]))).toBe(
    '1\u00a0device will become DEGRADED, 2\u00a0devices will come UP.',
  )
})
