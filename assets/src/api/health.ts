import { readJson, request, url } from './http'
import type { ApplianceCheck, CheckHistory, HealthDetail } from './types'

export async function fetchHealth(): Promise<HealthDetail> {
  return readJson(await request('GET', 'api/health'))
}

/** Runs every check now; takes as long as the slowest one. */
export async function runChecks(): Promise<ApplianceCheck[]> {
  const answer = await readJson<{ checks: ApplianceCheck[] }>(await request('POST', 'api/health/run'))
  return answer.checks
}

/** Where the support bundle is as a file. */
export function supportBundleUrl(): string {
  return url('api/support-bundle').href
}

/** The values of a check in the last hours. */
export async function fetchCheckHistory(id: string, hours: number): Promise<CheckHistory> {
  return readJson(await request('GET', `api/health/checks/${encodeURIComponent(id)}/history?hours=${hours}`))
}
