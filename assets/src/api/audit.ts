import { LONG_MS_MAX, readJson, request, url } from './http'
import type { AuditRow, AuditVerification, Undone } from './types'

/** Which rows of the trail; an empty text means any. */
export interface AuditFilter {
  /** Who, or a part of it: `ada`, `192.0.2.7`. */
  actor: string
  /** What was done, or a part of it: `log in`. */
  action: string
  outcome: '' | 'done' | 'refused'
  /** Anywhere in what is recorded. */
  text: string
  /** The earliest and the latest time, in ISO 8601. */
  from: string
  to: string
}

/** What is to be undone: one row, or all rows of a request. */
export type UndoTarget = { audit_id: number } | { request_id: string }

/** What was done and refused, newest first; `before` is the id of the last row that is there already. */
export async function fetchAudit(limit: number, before: number | null, filter?: AuditFilter): Promise<AuditRow[]> {
  const query = queryOf(filter)
  query.set('limit', String(limit))
  if (before !== null) query.set('before', String(before))
  return readJson(await request('GET', `api/audit?${query.toString()}`))
}

/** Where these rows are as a file. */
export function auditFileUrl(filter: AuditFilter, format: 'csv' | 'jsonl'): string {
  const query = queryOf(filter)
  query.set('format', format)
  return url(`api/audit/export?${query.toString()}`).href
}

/** Computes the chain of hashes over the whole trail, which shows whether a row was changed or removed. */
export async function fetchVerification(): Promise<AuditVerification> {
  return readJson(await request('GET', 'api/audit/verify', undefined, { timeoutMs: LONG_MS_MAX }))
}

/** Undoes the change of a row, or all changes of a request. 409 with the obstacles when it is not as it was left. */
export async function postUndo(target: UndoTarget, requestId?: string): Promise<Undone> {
  if ('audit_id' in target) {
    return readJson(await request('POST', `api/audit/${target.audit_id}/undo`, undefined, { requestId }))
  }
  return readJson(await request('POST', 'api/undo', target, { requestId }))
}

function queryOf(filter: AuditFilter | undefined): URLSearchParams {
  const query = new URLSearchParams()
  for (const [key, value] of Object.entries(filter ?? {})) if (value !== '') query.set(key === 'text' ? 'q' : key, value)
  return query
}
