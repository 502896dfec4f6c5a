import { ApiError, LONG_MS_MAX, readJson, request } from './http'
import type { Backup, Backups, Pruning, Restore } from './types'

const NOT_FOUND = 404

/** Backups, targets and settings; null from a server that makes no backups. */
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
  return readJson(await request('POST', 'api/backups', undefined, { timeoutMs: LONG_MS_MAX }))
}

/** Restores it into a scratch store and compares; a backup that fails is returned as `bad`. */
export async function verifyBackup(id: string): Promise<Backup> {
  return readJson(await request('POST', `${pathOf(id)}/verify`, undefined, { timeoutMs: LONG_MS_MAX }))
}

/** What `restoreBackup` would do; nothing is changed. */
export async function previewRestore(id: string): Promise<Restore> {
  return readJson(await request('POST', `${pathOf(id)}/restore`, { dry_run: true }, { timeoutMs: LONG_MS_MAX }))
}

export async function restoreBackup(id: string): Promise<Restore> {
  return readJson(await request('POST', `${pathOf(id)}/restore`, { dry_run: false }, { timeoutMs: LONG_MS_MAX }))
}

/** What `undoRestore` would do; nothing is changed. */
export async function previewUndo(): Promise<Restore> {
  return readJson(await request('POST', 'api/backups/undo?dry_run=true', undefined, { timeoutMs: LONG_MS_MAX }))
}

/** Restores the state from before the last restore. */
export async function undoRestore(): Promise<Restore> {
  return readJson(await request('POST', 'api/backups/undo', undefined, { timeoutMs: LONG_MS_MAX }))
}

/** Looks on the targets for backups that the server does not list. */
export async function discoverBackups(): Promise<Backups> {
  return readJson(await request('POST', 'api/backups/discover', undefined, { timeoutMs: LONG_MS_MAX }))
}

export async function fetchPruning(): Promise<Pruning> {
  return readJson(await request('GET', 'api/backups/prune'))
}

export async function pruneBackups(): Promise<Pruning> {
  return readJson(await request('POST', 'api/backups/prune', undefined, { timeoutMs: LONG_MS_MAX }))
}

/** Relative to the page's base URL. */
export function downloadPath(id: string): string {
  return `${pathOf(id)}/download`
}

function pathOf(id: string): string {
  return `api/backups/${encodeURIComponent(id)}`
}
