import { expect, test } from 'vitest'
import type { Problem } from '../api/types'
import { networkSummary, type NetworkSummary } from './networkSummary'
import { testProblem } from './testing'

test.each<[string, Problem[], NetworkSummary['tone'], string]>([
  ['no problem', [], 'ok', 'The network is working normally'],
  ['minor only', [testProblem({ severity: 'minor' })], 'degraded', '1\u00a0problem'],
  ['critical, alone', [testProblem({ without_service_count: 1 })], 'critical', '1\u00a0subscriber without service'],
  ['major only', [testProblem({ severity: 'major', degraded_count: 3 })], 'degraded', '3\u00a0subscribers degraded'],
  ['minor with subscribers', [testProblem({ severity: 'minor', low_margin_count: 2 })], 'degraded',
    '2\u00a0subscribers with low margin'],
  [
    'critical, with devices behind it',
    [
      testProblem({ severity: 'major', degraded_count: 3 }),
      testProblem({ device_count: 13, without_service_count: 12 }),
      testProblem({ without_service_count: 2 }),
    ],
    'outage',
    '14\u00a0subscribers without service',
  ],
])('%s', (_, problems, tone, headline) => {
  expect(networkSummary(problems.length, problems)).toMatchObject({ tone, headline })
})

test('the summary names the largest problem and counts the critical ones', () => {
  const problems = [testProblem({ severity: 'major' }), testProblem({ name: 'OLT-1', leaf_count: 512 })]
  const { problemCount, criticalCount, largest } = networkSummary(40, problems)
  expect([problemCount, criticalCount, largest?.name]).toEqual([40, 1, 'OLT-1'])
})

test('planned work is told apart, and is no outage', () => {
  const work = testProblem({ severity: 'planned', device_count: 9, without_service_count: 8 })
  const quiet = networkSummary(0, [work, { ...work, id: 2 }])
  expect(quiet).toMatchObject({
    tone: 'ok',
    headline: 'The network is working normally',
    problemCount: 0,
    largest: null,
    plannedWork: 'Planned work at 2\u00a0places: 16\u00a0subscribers without service',
  })
  const outage = networkSummary(1, [testProblem({ name: 'OLT-1', device_count: 3, without_service_count: 2 }), work])
  expect(outage).toMatchObject({ tone: 'outage', headline: '2\u00a0subscribers without service', problemCount: 1 })
  expect(outage.largest?.name).toBe('OLT-1')
})
