import { readJson, request } from './http'
import type { HealthDetail } from './types'

export async function fetchHealth(): Promise<HealthDetail> {
  return readJson(await request('GET', 'api/health'))
}
