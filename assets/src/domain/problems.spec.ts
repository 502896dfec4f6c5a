import { expect, test } from 'vitest'
import type { Problem } from '../api/types'
import { affectedText, causeText, largestProblem, problemAt, problemPage, problemText } from './problems'
import { TEST_SIGNAL, testDevice, testProblem } from './testing'

function problem(name: string, severity: string, leaf_count: number, since: string, device_count = 1): Problem {
  return testProblem({ name, severity, leaf_count, device_count, since: `2026-11-28T${since}:00Z` })
}

test.each<[string, Problem[], string | undefined]>([
  ['none', [], undefined],
  [
    'an old small cause does not hide the large new one',
    [problem('ONT-7', 'critical', 1, '01:00'), problem('OLT-1', 'critical', 512, '18:02')],
    'OLT-1',
  ],
  [
    'a critical cause comes before a larger one that is less severe',
    [problem('SPL-1', 'major', 512, '01:00'), problem('ONT-7', 'critical', 1, '18:02')],
    'ONT-7',
  ],
  [
    'with as many subscribers, the one with more devices',
    [problem('SW-1', 'critical', 0, '01:00', 2), problem('EDGE-1', 'critical', 0, '18:02', 9)],
    'EDGE-1',
  ],
  [
    'of equals, the oldest',
    [problem('SPL-2', 'minor', 4, '18:02'), problem('SPL-1', 'minor', 4, '01:00')],
    'SPL-1',
  ],
])('%s', (_, problems, expected) => {
  expect(largestProblem(problems)?.name).toBe(expected)
})

test.each<[Partial<Problem>, string, string]>([
  [{ problem: 'held', status_override: 'DOWN', device_count: 13, without_service_count: 12 },
    'Overridden to DOWN by an operator.', '12\u00a0subscribers without service, 13\u00a0devices'],
  [{ problem: 'held', status_override: 'DEGRADED', severity: 'major', degraded_count: 1 },
    'Overridden to DEGRADED by an operator.', '1\u00a0subscriber degraded'],
  [{ problem: 'held', status_override: 'DOWN', severity: 'planned', override_is_planned_work: true },
    'Planned work: overridden to DOWN by an operator.', 'no subscribers'],
  [{ problem: 'conflict', severity: 'minor' },
    'Overridden to UP by an operator, but the computed status is DOWN.', 'no subscribers'],
  [{ device_count: 1 }, 'No path of working routers to a backbone gateway.', '1\u00a0device'],
  [{ problem: 'signal_critical', degraded_count: 1 }, 'Optical margin is below 3\u00a0dB.', '1\u00a0subscriber degraded'],
  [{ problem: 'no_signal', without_service_count: 1_200, degraded_count: 3, low_margin_count: 1, device_count: 1_204 },
    'Affects every device behind it. At worst: received optical power is too low.',
    '1,200\u00a0subscribers without service, 3 degraded, 1 with low margin, 1,204\u00a0devices'],
  [{ problem: 'not_in_service', without_service_count: 2 },
    'It is planned or retired, but devices that are in service depend on it.', '2\u00a0subscribers without service'],
  [{ problem: 'gremlins' }, 'Reason code from the server: “gremlins”.', 'no subscribers'],
])('the text of %o', (more, text, affected) => {
  expect(problemText(testProblem(more))).toBe(text)
  expect(affectedText(testProblem(more))).toBe(affected)
})

test('the text has the measured value if the root cause is a device with a signal', () => {
  const dark = testDevice({ status_reasons: ['no_signal'], signal: { ...TEST_SIGNAL, margin_db: -2.26 } })
  expect(problemText(testProblem({ problem: 'no_signal' }), dark)).toBe(
    'Received power at the ONT is 2.26\u00a0dB below its sensitivity.',
  )
  const repaired = testDevice({ signal: TEST_SIGNAL })
  expect(problemText(testProblem({ problem: 'no_signal' }), repaired)).toBe('Received optical power is too low.')
})

test('what a root cause is and where', () => {
  expect(causeText(testProblem({ kind: 'link', place: 'POP West' }), undefined)).toBe('Link, POP West')
  expect(causeText(testProblem(), 'SPLITTER')).toBe('Splitter')
  expect(causeText(testProblem(), undefined)).toBe('Device')
})

test('the problem of a device or a link is its own, or the one that affects it', () => {
  const own = testProblem({ kind: 'device', id: 7 })
  const link = testProblem({ kind: 'link', id: 9, device_ids: [7, 8] })
  expect(problemAt([link, own], 'device', 7)).toBe(own)
  expect(problemAt([link, own], 'device', 8)).toBe(link)
  expect(problemAt([link, own], 'device', 9)).toBeNull()
  expect(problemAt([link, own], 'link', 9)).toBe(link)
  expect(problemAt([link, own], 'link', 7)).toBeNull()
  expect(problemPage(link)).toBe('/operations/problems/link/9')
})
