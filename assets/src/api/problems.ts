import { readJson, request } from './http'
import type { Problems } from './types'

export async function fetchProblems(): Promise<Problems> {
  return readJson(await request('GET', 'api/problems'))
}
