import { expect, test } from 'vitest'
import type { OverrideRow, Problem, ProblemDetail, Status } from '../api/types'
import { causeOverride, overrideNote, problemOverride, rowOverride } from './overrides'
import { testProblem } from './testing'

const cut = testProblem({ kind: 'link', id: 10, problem: 'held', severity: 'critical', override_reason: 'digger' })

test.each<[Partial<Problem>, Status | undefined]>([
  [{}, 'DOWN'],
  [{ severity: 'major' }, 'DEGRADED'],
  [{ kind: 'device', problem: 'conflict', severity: 'minor' }, 'UP'],
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
