import { expect, test } from 'vitest'
import type { Problem } from '../api/types'
import { largestProblem } from './problems'

function problem(name: string, severity: string, leaf_count: number, since: string, device_count = 1): Problem {
  return {
    kind: 'device',
    id: 1,
    name,
    place: null,
    problem: 'held',
    severity,
    override_reason: null,
    since: `2026-11-28T${since}:00Z`,
    leaf_count,
    device_count,
    device_ids: [],
  }
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
