import { readJson, request } from './http'
import type { AuditRow } from './types'

/** Accepted changes, newest first; `before` is the id of the last row that is there already. */
export async function fetchAudit(limit: number, before: number | null): Promise<AuditRow[]> {
  const older = before === null ? '' : `&before=${before}`
  return readJson(await request('GET', `api/audit?limit=${limit}${older}`))
}
