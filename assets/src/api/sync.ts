import { ApiError, readJson, request } from './http'

/** What `GET /api/sync` says of the copy in PostgreSQL. */
export interface SyncStatus {
  state: 'off' | 'connecting' | 'loading' | 'live' | 'waiting' | 'stopped'
  /** One sentence for people. */
  message: string
  /** What an operator can do, in words with the command. */
  remedy: string | null
  since: string
  /** The address, without its password. */
  database: string | null
  site_id: string
  instance_id: string | null
  epoch: number | null
  /** The last commit here, and the last one in PostgreSQL. */
  seq: number
  applied_seq: number | null
  behind_seq: number
  /** Age of the oldest change that is not there. */
  behind_s: number
  dirty_count: number
  rows_per_s: number | null
  rounds: SyncRound[]
  last_error: SyncError | null
  last_reconcile: Comparison | null
  postgres: Postgres | null
  /** Null: pg_stat_statements is not installed there. */
  slow_statements: SlowStatement[] | null
  actions: string[]
}

export interface SyncRound {
  at: string
  kind: 'changes' | 'first' | 'reconcile'
  seq: number
  rows: number
  duration_ms: number
}

export interface SyncError {
  message: string
  since: string
  at: string
  attempts: number
  next_attempt_s: number | null
}

/** A comparison of both sides, row by row. */
export interface Comparison {
  at: string
  duration_ms: number
  compared: number
  missing: number
  extra: number
  different: number
  repaired: number
}

export interface Postgres {
  version: string
  host: string
  tls: string | null
  size_bytes: number
  connections: number
  max_connections: number
}

export interface SlowStatement {
  statement: string
  calls: number
  mean_ms: number
  total_ms: number
  rows: number
}

export type SyncAction = 'now' | 'check' | 'reconcile' | 'takeover' | 'adopt'

const NOT_FOUND = 404

/** The state of the mirror; null from a server that has none. */
export async function fetchSync(): Promise<SyncStatus | null> {
  try {
    return await readJson<SyncStatus>(await request('GET', 'api/sync'))
  } catch (error) {
    if (error instanceof ApiError && error.status === NOT_FOUND) return null
    throw error
  }
}

/** Compares both sides; `reconcile` also repairs PostgreSQL. */
export async function compareSync(how: 'check' | 'reconcile'): Promise<Comparison> {
  return readJson(await request('POST', `api/sync/${how}`))
}

export async function runSync(action: 'now' | 'takeover' | 'adopt'): Promise<SyncStatus> {
  return readJson(await request('POST', `api/sync/${action}`))
}
