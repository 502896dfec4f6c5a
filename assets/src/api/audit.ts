import { LONG_MS_MAX, nextPage, readJson, request, url } from './http'
import type { AuditCheck, AuditRow, Undone } from './types'

/** Which rows of the trail; an empty text means any. */
export interface AuditFilter {
  /** Who, or a part of it: `ada`, `192.0.2.7`. */
  actor: string
  /** What was done, or a part of it: `log in`. */
  action: string
  outcome: '' | 'done' | 'refused'
  /** In the actor, the address, the request id, the action or the details. */
  text: string
  /** The earliest and the latest time, in ISO 8601. */
  from: string
  to: string
}

/** What is to be undone: one row, or all rows of a request. */
export type UndoTarget = { audit_id: number } | { request_id: string }

/** Rows of the trail, and from where on older ones may suit; null when there are none. */
export interface AuditPage {
  rows: AuditRow[]
  nextBefore: number | null
}

/**
 * What was done and refused, newest first, before the row with this id. One answer searches 20,000 rows: it may have
 * few rows or none though older ones suit.
 */
export async function fetchAuditPage(limit: number, before: number | null, filter?: AuditFilter): Promise<AuditPage> {
  const query = queryOf(filter)
  query.set('limit', String(limit))
  if (before !== null) query.set('before', String(before))
  const response = await request('GET', `api/audit?${query.toString()}`)
  const next = nextPage(response.headers.get('link'), 'before')
  return { rows: await readJson(response), nextBefore: next === null ? null : Number(next) }
}

/** The newest rows of all, before the one with this id. */
export async function fetchAudit(limit: number, before: number | null): Promise<AuditRow[]> {
  return (await fetchAuditPage(limit, before)).rows
}

/** Where the whole trail is as a file; the table is without what changed. */
export function auditFileUrl(format: 'csv' | 'jsonl'): string {
  return url(`api/audit/export?format=${format}`).href
}

/** Computes every hash of the trail again, and looks for the rows that backups and PostgreSQL know. */
export async function fetchAuditCheck(): Promise<AuditCheck> {
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
