import { ApiError, LONG_MS_MAX, readJson, request } from './http'

/** What `GET /api/backups` says: what a restore would bring back, and everything that shows it. */
export interface Backups {
  /** When the newest backup was taken that was really restored and compared; null without one. */
  restorable_as_of: string | null
  /** Age of that, and how long its rehearsal took. */
  rpo_s: number | null
  rto_s: number | null
  rehearsed_at: string | null
  /** The badge has expired: the newest proven backup is older than `stale_after_s`. */
  is_stale: boolean
  stale_after_s: number
  directory: string
  free_bytes: number
  total_bytes: number
  encryption: { is_on: boolean; recipients: Recipient[] }
  retention: Retention
  /** Empty: nothing is copied off the host. */
  targets: BackupTarget[]
  activity: Activity | null
  /** The restore that can be taken back. */
  undo: UndoPoint | null
  /** Newest first. */
  backups: Backup[]
}

export interface Recipient {
  key_id: string
  /** The public key; nobody can decrypt with it. */
  recipient: string
}

/** How many backups are kept of which kind. */
export interface Retention {
  last: number
  daily: number
  weekly: number
  monthly: number
}

export interface BackupTarget {
  name: string
  /** Without secrets. */
  url: string
  state: 'ok' | 'failing' | 'unknown'
  copies: number
  last_ok_at: string | null
  last_error: string | null
}

export interface Activity {
  kind: 'backup' | 'verify' | 'restore' | 'undo' | 'copy' | 'prune'
  backup_id: string | null
  /** A sentence for people. */
  phase: string
  done: number
  total: number
  unit: 'rows' | 'bytes'
  since: string
}

export interface UndoPoint {
  at: string
  backup_id: string
  seq_before: number
  seq_after: number
}

export interface Backup {
  id: string
  file: string
  bytes: number
  /** Size as plain SQL. */
  plain_bytes: number
  taken_at: string
  reason: 'schedule' | 'manual' | 'upgrade' | 'restore' | 'missed' | 'repair'
  seq: number
  version: string
  duration_ms: number
  rows: { devices: number; interfaces: number; links: number; audit: number }
  is_encrypted: boolean
  key_ids: string[]
  state: 'unverified' | 'verified' | 'bad'
  is_newest_verified: boolean
  is_local: boolean
  verification: Verification | null
  copies: BackupCopy[]
  /** Empty: the next pruning removes it. */
  kept_as: string[]
}

export interface Verification {
  at: string
  kind: 'quick' | 'full' | 'offhost'
  is_ok: boolean
  duration_ms: number
  message: string
  /** The version that it was loaded into; null where none was at hand. */
  postgres: string | null
}

export interface BackupCopy {
  target: string
  state: 'pending' | 'done' | 'failed'
  at: string | null
  attempts: number
  next_attempt_at: string | null
  message: string | null
}

/** What a restore would do, or did. */
export interface Restore {
  backup_id: string
  is_dry_run: boolean
  taken_at: string
  version: string
  duration_ms: number
  seq: { now: number; backup: number }
  counts: Record<'devices' | 'interfaces' | 'links', { now: number; after: number }>
  devices: { added: number; removed: number; changed: number; examples: RestoreExample[] }
  changes_lost: number
  newest_change_lost: { at: string; seq: number; action: string; actor: string } | null
}

export interface RestoreExample {
  change: 'added' | 'removed' | 'changed'
  id: number
  name: string
}

/** What the retention keeps and removes. */
export interface Pruning {
  keep: { id: string; because: string[] }[]
  remove: { id: string; bytes: number }[]
  bytes_freed: number
  targets: { target: string; remove: string[] }[]
}

const NOT_FOUND = 404

/** All of it; null from a server that makes no backups. */
export async function fetchBackups(): Promise<Backups | null> {
  try {
    return await readJson<Backups>(await request('GET', 'api/backups'))
  } catch (error) {
    if (error instanceof ApiError && error.status === NOT_FOUND) return null
    throw error
  }
}

/** Answers once the new backup is complete and verified. */
export async function createBackup(): Promise<Backup> {
  return readJson(await request('POST', 'api/backups', undefined, LONG_MS_MAX))
}

/** Restores it fully into a scratch store; one that fails comes back as `bad`. */
export async function verifyBackup(id: string): Promise<Backup> {
  return readJson(await request('POST', `${pathOf(id)}/verify`, undefined, LONG_MS_MAX))
}

/** What `restoreBackup` would do; nothing is changed. */
export async function previewRestore(id: string): Promise<Restore> {
  return readJson(await request('POST', `${pathOf(id)}/restore`, { dry_run: true }, LONG_MS_MAX))
}

export async function restoreBackup(id: string): Promise<Restore> {
  return readJson(await request('POST', `${pathOf(id)}/restore`, { dry_run: false }, LONG_MS_MAX))
}

/** Puts back the state from before the last restore. */
export async function undoRestore(): Promise<Restore> {
  return readJson(await request('POST', 'api/backups/undo', undefined, LONG_MS_MAX))
}

export async function fetchPruning(): Promise<Pruning> {
  return readJson(await request('GET', 'api/backups/prune'))
}

export async function pruneBackups(): Promise<Pruning> {
  return readJson(await request('POST', 'api/backups/prune', undefined, LONG_MS_MAX))
}

/** Relative to the page's base, as a link needs it. */
export function downloadPath(id: string): string {
  return `${pathOf(id)}/download`
}

function pathOf(id: string): string {
  return `api/backups/${encodeURIComponent(id)}`
}
