import type { Activity, Backup, BackupCopy, BackupTarget, Verification } from '../../api/types'
import type { Tone } from '../../utils/tone'
import { formatBytes, formatCount, formatCounted } from '../../utils/format'

/** Why a backup was made. */
export const REASON_LABELS: Record<Backup['reason'], string> = {
  schedule: 'Scheduled',
  manual: 'Manual',
  upgrade: 'Before an upgrade',
  restore: 'Before a restore',
  missed: 'Catch-up after downtime',
  repair: 'Replaces a bad backup',
}

/** Only a backup that was restored and compared is verified. */
export const STATE_LABELS: Record<Backup['state'], { word: string; tone: Tone }> = {
  verified: { word: 'Verified', tone: 'up' },
  unverified: { word: 'Not verified', tone: 'minor' },
  bad: { word: 'Bad', tone: 'down' },
}

/** Neither on this host nor on any target that is known. */
export const MISSING_FILE: { word: string; tone: Tone } = { word: 'File missing', tone: 'down' }

/** Whether its file exists on this host or on a target. */
export function isAvailable({ is_local: isLocal, copies }: Backup): boolean {
  return isLocal || copies.some(({ state }) => state === 'done')
}

export const TARGET_STATE_LABELS: Record<BackupTarget['state'], { word: string; tone: Tone }> = {
  ok: { word: 'OK', tone: 'up' },
  unknown: { word: 'Not tried yet', tone: 'minor' },
  failing: { word: 'Failing', tone: 'degraded' },
}

export const COPY_STATE_LABELS: Record<BackupCopy['state'], { word: string; tone: Tone }> = {
  done: { word: 'copied', tone: 'up' },
  pending: { word: 'pending', tone: 'minor' },
  failed: { word: 'failed', tone: 'degraded' },
}

export const ACTIVITY_LABELS: Record<Activity['kind'], string> = {
  backup: 'Backing up',
  verify: 'Verifying',
  restore: 'Restoring',
  undo: 'Undoing the restore',
  copy: 'Copying off the host',
  prune: 'Pruning',
}

/** How a verification was done. */
export function verificationText({ kind, postgres, postgres_result: result }: Verification): string {
  if (kind === 'quick') return 'quick, into a scratch store'
  const from = kind === 'offhost' ? 'from the off-host copy' : 'full'
  if (result === 'failed') return `${from}, PostgreSQL failed`
  return postgres === null ? `${from}, into a scratch store` : `${from}, PostgreSQL\u00a0${postgres}`
}

/** The same, short enough for a table. */
export function verificationShortText({ kind, postgres, postgres_result: result }: Verification): string {
  const word = { quick: 'quick', full: 'full', offhost: 'off-host' }[kind]
  if (result === 'failed') return `${word}, PostgreSQL\u00a0failed`
  return postgres === null ? word : `${word}, PostgreSQL\u00a0${postgres}`
}

/** The progress of an activity in its own unit; null if the total is unknown. */
export function progressText({ done, total, unit }: Activity): string | null {
  if (total <= 0) return null
  return unit === 'bytes'
    ? `${formatBytes(done)} of ${formatBytes(total)}`
    : `${formatCount(done)} of ${formatCounted(total, 'row')}`
}

/** Which retention rules keep a backup. */
export function retentionText({ kept_as: kept }: Pick<Backup, 'kept_as'>): string {
  return kept.length === 0 ? 'removed by the next pruning' : kept.join(', ')
}

export function formatCopies(count: number): string {
  return formatCounted(count, 'copy')
}

export function totalRows({ rows }: Pick<Backup, 'rows'>): number {
  return Object.values(rows).reduce((sum, each) => sum + each, 0)
}

/** The number of rows of each kind. */
export function rowCountsText({ rows }: Pick<Backup, 'rows'>): string {
  return Object.entries(rows).map(([kind, count]) => `${formatCount(count)}\u00a0${kind}`).join(', ')
}

/**
 * What is typed to confirm a restore: the time in the backup's id, which is short and unique within a
 * day. An id of another form is typed whole.
 */
export function confirmationPhrase(id: string): string {
  return /_(\d{6})$/.exec(id)?.[1] ?? id
}
