import { ApiError, readJson, request } from './http'
import type { SyncComparison, SyncStatus } from './types'

export type SyncAction = 'now' | 'check' | 'reconcile' | 'takeover' | 'adopt'

const NOT_FOUND = 404

/** The state of the mirror; null from a server without one. */
export async function fetchSync(): Promise<SyncStatus | null> {
  try {
    return await readJson<SyncStatus>(await request('GET', 'api/sync'))
  } catch (error) {
    if (error instanceof ApiError && error.status === NOT_FOUND) return null
    throw error
  }
}

/** Compares both sides row by row; `reconcile` also repairs PostgreSQL. */
export async function compareSync(how: 'check' | 'reconcile'): Promise<SyncComparison> {
  return readJson(await request('POST', `api/sync/${how}`))
}

export async function runSync(action: 'now' | 'takeover' | 'adopt'): Promise<SyncStatus> {
  return readJson(await request('POST', `api/sync/${action}`))
}
