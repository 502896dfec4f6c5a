import { expect, test } from 'vitest'
import type { AuditCheck, JobRun } from '../api/types'
import { chainOfCheck, chainOfRuns } from './auditChain'

function run(result: string, message: string | null, ended_at: string | null = '2026-11-30T03:40:01Z'): JobRun {
  return { result, message, ended_at, started_at: '2026-11-30T03:40:00Z' } as JobRun
}

test('the nightly job tells the state of the trail, and a run that has not ended does not', () => {
  expect(chainOfRuns([])).toBeNull()
  expect(chainOfRuns([run('running', null, null)])).toBeNull()
  expect(chainOfRuns([run('running', null, null), run('ok', '9 rows verified, 0 known rows compared')])).toEqual({
    isIntact: true,
    text: '9 rows verified, 0 known rows compared',
    at: '2026-11-30T03:40:01Z',
  })
  expect(chainOfRuns([run('failed', 'row 7 was changed'), run('ok', '')])).toMatchObject({ isIntact: false, text: 'row 7 was changed' })
})

test('a check tells how much it has read', () => {
  const check = { is_intact: true, row_count: 12_806, known: [{}, {}] } as AuditCheck
  expect(chainOfCheck(check, 'now')).toEqual({ isIntact: true, text: '12,806\u00a0rows verified, 2\u00a0known rows compared', at: 'now' })
  expect(chainOfCheck({ ...check, is_intact: false, known: [] }, 'now')).toMatchObject({ isIntact: false, text: '12,806\u00a0rows verified' })
})
