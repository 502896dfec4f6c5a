import { readJson, request } from './http'
import type { AuditRow, Undone } from './types'

/** What is to be undone: one row, or all rows of a request. */
export type UndoTarget = { audit_id: number } | { request_id: string }

/** Accepted changes, newest first; `before` is the id of the last row that is there already. */
export async function fetchAudit(limit: number, before: number | null): Promise<AuditRow[]> {
  const older = before === null ? '' : `&before=${before}`
  return readJson(await request('GET', `api/audit?limit=${limit}${older}`))
}

/** Undoes the change of a row, or all changes of a request. 409 with the obstacles when it is not as it was left. */
export async function postUndo(target: UndoTarget, requestId?: string): Promise<Undone> {
  if ('audit_id' in target) {
    return readJson(await request('POST', `api/audit/${target.audit_id}/undo`, undefined, { requestId }))
  }
  return readJson(await request('POST', 'api/undo', target, { requestId }))
}
