import type { AuditCheck, JobRun } from '../api/types'
import { formatCounted } from '../utils/format'

/** The job that verifies the trail each night. */
export const AUDIT_JOB = 'audit'

/** The state of the trail in one line, and whether it is as it should be. */
export interface ChainSummary {
  isIntact: boolean
  text: string
  /** When that was found. */
  at: string
}

/** What the last finished run of the nightly job found; null before the first one. */
export function chainOfRuns(runs: readonly JobRun[]): ChainSummary | null {
  const last = runs.find(({ result }) => result === 'ok' || result === 'failed')
  if (last === undefined) return null
  return { isIntact: last.result === 'ok', text: last.message ?? '', at: last.ended_at ?? last.started_at }
}

/** What a check found just now. */
export function chainOfCheck(check: AuditCheck, at: string): ChainSummary {
  const known = check.known.length === 0 ? '' : `, ${formatCounted(check.known.length, 'known row')} compared`
  return { isIntact: check.is_intact, text: `${formatCounted(check.row_count, 'row')} verified${known}`, at }
}
