import { readJson, request } from './http'
import type { Duty, DutyRecord, DutyRecordBody } from './types'

/** Every duty of the site, in the order in which they are shown. */
export async function fetchRunbook(): Promise<Duty[]> {
  const { duties } = await readJson<{ duties: Duty[] }>(await request('GET', 'api/runbook'))
  return duties
}

/** Does a duty now. */
export async function postDutyAction(path: string): Promise<void> {
  await request('POST', path.slice(1))
}

/** What people recorded of a duty, the newest first. */
export async function fetchDutyRecords(key: string): Promise<DutyRecord[]> {
  return readJson(await request('GET', `api/runbook/${key}/records`))
}

export async function postDutyRecord(key: string, body: DutyRecordBody): Promise<DutyRecord> {
  return readJson(await request('POST', `api/runbook/${key}/records`, body))
}
