import type { Backup, Backups, Job, JobRun, Verification } from '../../api/types'
import type { Tone } from '../../utils/tone'
import { formatAge, formatCounted, formatSeconds, formatSpan, formatTime } from '../../utils/format'
import { lastFinishedRun } from '../jobs/labels'
import { isAvailable, verificationText } from './labels'

/** Whether the site can be restored now, and what would help. */
export interface BackupSummary {
  tone: 'ok' | 'warning' | 'error'
  headline: string
  /** The time that the headline ends with. */
  at: string | null
  lines: string[]
  /** The one action that helps; null if nothing has to be done. */
  help: Help | null
}

export type Help = 'backup' | 'verify' | 'copy'

/** A figure below the summary, such as the RPO. */
export interface KeyFigure {
  name: string
  tone: Tone
  value: string
  detail: string
  /** The exact time behind it. */
  at: string | null
}

/** `job` is the one that makes the backups, where it is known. */
export function backupSummary(all: Backups, job: Job | null = null): BackupSummary {
  const { backups, rpo_s: rpo, is_stale: isStale, stale_after_s: limit } = all
  const at = restorableAt(all)
  const [newest] = backups
  const failed = failedRun(all, job)
  const warnings = warningsOf(all, failed)
  if (newest === undefined && at === null) {
    const isLost = job?.runs.some(({ result }) => result === 'ok') === true
    const text = isLost
      ? `${all.directory} contains no backups, although some were made. Check that its volume is mounted.`
      : 'No backup has been made yet. A backup takes seconds and does not interrupt service.'
    const tone = isStale || isLost ? 'error' : 'warning'
    return { tone, headline: 'No backup to restore from', at, lines: [text, ...warnings], help: 'backup' }
  }
  const again = newest?.state === 'unverified' ? 'verify' : 'backup'
  if (at === null) {
    const text = `${formatCounted(backups.length, 'backup')} found, none verified.`
    const lines = lostVerifiedBackup(all) === undefined ? [text, ...warnings] : warnings
    return { tone: 'error', headline: 'No verified backup', at, lines, help: again }
  }
  if (lostVerifiedBackup(all) !== undefined) {
    return { tone: 'error', headline: 'Restorable only as of', at, lines: warnings, help: again }
  }
  if (isStale) {
    const text = `No newer backup is verified. Backups are too old after ${formatSpan(limit)}.`
    return { tone: 'error', headline: 'Restorable only as of', at, lines: [text, ...warnings], help: again }
  }
  if (warnings.length > 0) {
    const isUnverified = postgresErrorText(backups) !== null || unverifiedText(backups) !== null
    const help = newest?.state === 'bad' || failed !== null ? 'backup' : isUnverified ? 'verify' : 'copy'
    const isHelping = all.is_directory_answering !== false
    return { tone: 'warning', headline: 'Restorable as of', at, lines: warnings, help: isHelping ? help : null }
  }
  const left = rpo === null ? '' : ` It will be too old in ${formatSpan(limit - rpo)} unless a newer one is verified.`
  const text = `This backup was verified by a test restore.${left}`
  return { tone: 'ok', headline: 'Restorable as of', at, lines: [text], help: null }
}

/** The last backup run, if it made no backup and there is none newer. */
export function failedRun({ backups }: Backups, job: Job | null): JobRun | null {
  const run = job === null ? null : lastFinishedRun(job)
  if (run === null || run.result === 'ok') return null
  const newest = backups[0]?.taken_at
  return newest === undefined || Date.parse(newest) < Date.parse(run.started_at) ? run : null
}

/** The newest verified backup, if its file no longer exists anywhere. The server still counts it. */
function lostVerifiedBackup({ backups }: Backups): Backup | undefined {
  const verified = newestVerified(backups)
  return verified === undefined || isAvailable(verified) ? undefined : verified
}

/** The time to which the site can be restored from files that exist. */
function restorableAt(all: Backups): string | null {
  if (lostVerifiedBackup(all) === undefined) return all.restorable_as_of
  return all.backups.find((each) => each.state === 'verified' && isAvailable(each))?.taken_at ?? null
}

/** Why the newest backup could not be verified, in a sentence. */
function unverifiedText([newest]: Backup[]): string | null {
  if (newest?.state !== 'unverified' || newest.verification_error === null) return null
  return `${newest.id} was saved, but could not be verified: ${newest.verification_error}`
}

/** Why the last full verification failed in PostgreSQL, in a sentence. */
function postgresErrorText(backups: Backup[]): string | null {
  const [last] = backups
    .flatMap(({ id, verification }) => (verification === null || verification.kind === 'quick' ? [] : [{ id, ...verification }]))
    .sort((a, b) => Date.parse(b.at) - Date.parse(a.at))
  return last?.postgres_result === 'failed' ? `${last.id} could not be verified in PostgreSQL: ${last.message}` : null
}

/** What else is wrong, in sentences. */
function warningsOf(all: Backups, failed: JobRun | null): string[] {
  const { backups, targets } = all
  const [newest] = backups
  const gone = lostVerifiedBackup(all)
  const lines: string[] = []
  if (all.is_directory_answering === false) {
    lines.push(`${all.directory} is not responding. The list shows its contents at ${formatTime(all.looked_at)}.`)
  }
  if (gone !== undefined) {
    lines.push(`The file of ${gone.id} is no longer on this host, and no copy of it is known.`)
  }
  if (newest?.state === 'bad') {
    const why = newest.verification?.message ?? 'no reason was given.'
    lines.push(`The newest backup failed its verification: ${why}`)
  }
  const unverified = [unverifiedText(backups), postgresErrorText(backups)]
  lines.push(...unverified.filter((line) => line !== null))
  if (failed !== null) {
    const how = failed.result === 'interrupted' ? 'was interrupted' : 'failed'
    lines.push(`The last backup run ${how}${failed.message === null ? '.' : `: ${failed.message}`}`)
  }
  for (const { name, state, last_error: error } of targets) {
    if (state === 'failing') lines.push(`Copying to ${name} failed${error === null ? '.' : `: ${error}`}`)
  }
  return lines
}

/** The figures below the summary. */
export function keyFigures(all: Backups, now: number): KeyFigure[] {
  return [rpoFigure(all, now), rtoFigure(all), restoreTestFigure(all, now), offHostFigure(all, now), encryptionFigure(all)]
}

function rpoFigure(all: Backups, now: number): KeyFigure {
  const name = 'Data loss now (RPO)'
  const { is_stale: isStale, backups } = all
  const at = restorableAt(all)
  if (at !== null && lostVerifiedBackup(all) !== undefined) {
    const value = formatSpan((now - Date.parse(at)) / 1_000)
    return { name, tone: 'down', value, detail: 'since the newest backup that still exists', at }
  }
  const rpo = at === null ? null : all.rpo_s
  if (rpo === null) {
    const tone = isStale || backups.length > 0 ? 'down' : 'degraded'
    return { name, tone, value: 'Everything', detail: 'no verified backup', at }
  }
  const detail = isStale ? 'more than allowed' : 'changes since then'
  return { name, tone: isStale ? 'down' : 'up', value: formatSpan(rpo), detail, at }
}

function rtoFigure({ rto_s: rto }: Backups): KeyFigure {
  const name = 'Restore time (RTO)'
  if (rto === null) return { name, tone: 'up', value: 'Unknown', detail: 'never tested', at: null }
  return { name, tone: 'up', value: formatSeconds(rto), detail: 'in the last test', at: null }
}

function restoreTestFigure(all: Backups, now: number): KeyFigure {
  const name = 'Last restore test'
  const { rehearsed_at: at, is_stale: isStale } = all
  if (at === null) return { name, tone: 'degraded', value: 'Never', detail: 'no backup has been restored yet', at }
  const how = restoreTestOf(all)
  const detail = how === null ? 'into a scratch store' : verificationText(how)
  return { name, tone: isStale ? 'degraded' : 'up', value: formatAge(at, now), detail, at }
}

/** The verification behind `rehearsed_at`. */
function restoreTestOf({ backups, rehearsed_at: at }: Backups): Verification | null {
  const found = backups.find(({ verification }) => verification?.at === at)
  return (found ?? newestVerified(backups))?.verification ?? null
}

function offHostFigure({ targets, backups }: Backups, now: number): KeyFigure {
  const name = 'Off-host copy'
  const total = targets.length
  if (total === 0) {
    return { name, tone: 'degraded', value: 'No', detail: 'losing this disk would lose every backup', at: null }
  }
  const verified = newestVerified(backups)
  const done = verified === undefined ? [] : copiesOf(verified)
  const isFailing = targets.some(({ state }) => state === 'failing')
  if (done.length > 0) {
    const isAll = done.length >= total
    const value = isAll && total === 1 ? 'Yes' : `${done.length} of ${formatCounted(total, 'target')}`
    const tone = isAll ? 'up' : isFailing ? 'degraded' : 'minor'
    return { name, tone, value, detail: done.map(({ target }) => target).join(', '), at: done[0]?.at ?? null }
  }
  const older = backups.find((each) => copiesOf(each).length > 0)
  if (older === undefined) {
    const detail = isFailing ? 'no copy has succeeded' : 'the first copy is pending'
    return { name, tone: isFailing ? 'degraded' : 'minor', value: 'Not yet', detail, at: null }
  }
  const detail = `taken ${formatAge(older.taken_at, now)}`
  return { name, tone: isFailing ? 'degraded' : 'minor', value: 'Only an older backup', detail, at: older.taken_at }
}

function encryptionFigure({ encryption, backups }: Backups): KeyFigure {
  const name = 'Encrypted'
  const { is_on: isOn, recipients } = encryption
  if (!isOn) return { name, tone: 'up', value: 'No', detail: 'see Encryption below', at: null }
  if (newestVerified(backups)?.is_encrypted === false) {
    return { name, tone: 'minor', value: 'Not yet', detail: 'starts with the next backup', at: null }
  }
  return { name, tone: 'up', value: 'Yes', detail: `for ${formatCounted(recipients.length, 'key')}`, at: null }
}

function newestVerified(backups: readonly Backup[]): Backup | undefined {
  return backups.find((each) => each.is_newest_verified) ?? backups.find(({ state }) => state === 'verified')
}

function copiesOf({ copies }: Backup): Backup['copies'] {
  return copies.filter(({ state }) => state === 'done')
}
