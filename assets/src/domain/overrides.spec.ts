import { expect, test } from 'vitest'
import type { OverrideRow, Problem, ProblemDetail, Status } from '../api/types'
import {
  causeOverride,
  deviceTarget,
  groupTargets,
  linkTarget,
  overrideNote,
  problemOverride,
  rowOverride,
} from './overrides'
import { testDevice, testLink, testProblem } from './testing'

const cut = testProblem({ kind: 'link', id: 10, problem: 'held', severity: 'critical', override_reason: 'digger', status_override: 'DOWN' })

test.each<[Partial<Problem>, Status | undefined]>([
  [{}, 'DOWN'],
  [{ severity: 'major', status_override: 'DEGRADED' }, 'DEGRADED'],
  [{ kind: 'device', problem: 'conflict', severity: 'minor', status_override: 'UP' }, 'UP'],
  [{ problem: 'no_upstream' }, undefined],
  [{ kind: 'weather' }, undefined],
])('%o', (more, status) => {
  expect(problemOverride({ ...cut, ...more })?.status).toBe(status)
})

test('a link that is held UP while its end is DOWN says so', () => {
  const row: OverrideRow = {
    kind: 'link', id: 10, name: 'EDGE - OLT', place: null, status_override: 'UP', override_reason: 'seen',
    effective_status: 'DOWN', since: '2026-11-23T10:00:00.000000Z',
    override_ends_at: null, override_is_planned_work: false,
  }
  expect(overrideNote(row)).toBe('DOWN: a device at its end is overridden to DOWN')
  expect(overrideNote({ ...row, effective_status: 'UP' })).toBe('')
  expect(rowOverride(row)).toMatchObject({ kind: 'link', id: 10, status: 'UP', reason: 'seen' })
})

test('the override of a cause is known, also where its problem is another one', () => {
  const detail = { ...testProblem({ kind: 'device', id: 7, problem: 'signal_critical' }), status_override: 'DEGRADED' }
  expect(causeOverride(detail as ProblemDetail)).toMatchObject({ kind: 'device', id: 7, status: 'DEGRADED' })
  expect(causeOverride({ ...detail, status_override: null } as ProblemDetail)).toBeNull()
})

test('targets with the same change are one group, and say what they replace', () => {
  const until = { status: 'DOWN', reason: 'dig', endsAt: '2026-11-24T04:00:00Z', isPlanned: true } as const
  const targets = [
    deviceTarget(testDevice()),
    linkTarget(testLink({ id: 7 }), 'A - B'),
    deviceTarget(testDevice({ id: 2, status_override: 'UP', override_reason: 'seen' })),
  ]
  const value = { status: 'DOWN', reason: 'dig', ends_at: until.endsAt, planned: true }
  expect(groupTargets(targets, (target) => ({ before: target, after: until }))).toEqual([
    { device_ids: [1], link_ids: [7], ...value, replaces: null },
    {
      device_ids: [2],
      link_ids: [],
      ...value,
      replaces: { status: 'UP', reason: 'seen', ends_at: null, planned: false },
    },
  ])
})
