import type { Backup, Backups, Job, JobRun, Jobs } from '../api/types'
import { describeCron } from '../utils/cron'
import { formatBytes, formatCount, formatCounted, formatSeconds, formatSpan } from '../utils/format'
import { failedRun, backupSummary } from '../domain/backups/summary'
import { verificationText } from '../domain/backups/labels'
import { lastFinishedRun } from '../domain/jobs/labels'
import type { RunbookTask } from './task'

/** What the buttons of the backup tasks do. */
export interface BackupActions {
  backUp: () => Promise<void>
  verify: (id: string) => Promise<void>
  startJob: (name: string) => Promise<void>
  /** Opens the Backups page, where pruning is confirmed. */
  openBackups: () => Promise<void>
}

const BASE = { doneBy: 'UNOC', command: null, to: '/operations/backups' } as const

/** The tasks that the appliance does with its backups, with what it recorded. */
export function backupTasks(all: Backups, jobs: Jobs | null, actions: BackupActions): RunbookTask[] {
  return [
    backupTask(all, jobs, actions),
    restoreTestTask(all, jobs, actions),
    offHostTask(all, jobs, actions),
    pruneTask(all, jobs, actions),
    disasterRecoveryTask(all, jobs, actions),
  ]
}

function backupTask(all: Backups, jobs: Jobs | null, { backUp }: BackupActions): RunbookTask {
  const [newest] = all.backups
  const job = jobOf(jobs, 'backup')
  const failed = failedRun(all, job)
  const evidence =
    newest === undefined
      ? 'No backup has been made yet'
      : `${newest.id}, ${formatBytes(newest.bytes)}, ${stateWords(newest)}`
  return {
    ...BASE,
    key: 'backup',
    title: 'Backup',
    interval: intervalOf(job, 'Daily'),
    state: newest === undefined || newest.state === 'bad' || failed !== null ? 'error' : isOff(job) ? 'warning' : 'ok',
    evidence: `${evidence}${failed === null ? '' : `; ${resultWords(failed)}`}${offEvidence(job)}`,
    lastDoneAt: newest?.taken_at ?? null,
    action: { label: 'Back up now', busyLabel: 'Backing up…', run: backUp },
  }
}

function restoreTestTask(all: Backups, jobs: Jobs | null, { verify }: BackupActions): RunbookTask {
  const { rto_s: rto, rehearsed_at: at, rpo_s: rpo } = all
  const [newest] = all.backups
  const job = jobOf(jobs, 'verify')
  const summary = backupSummary(all, jobOf(jobs, 'backup'))
  const how = all.backups.find(({ verification }) => verification?.at === at)?.verification ?? null
  const took = rto === null ? '' : `, in ${formatSeconds(rto)}`
  const loss = rpo === null ? '' : `; ${formatSpan(rpo)} of changes would be lost now`
  return {
    ...BASE,
    key: 'restore-test',
    title: 'Restore test',
    interval: intervalOf(job, 'With each backup; a full test once a week'),
    state: summary.tone === 'error' || at === null ? 'error' : isOff(job) ? 'warning' : 'ok',
    evidence:
      at === null
        ? 'No backup has been restored and compared yet'
        : `Restored and compared ${how === null ? '' : `(${verificationText(how)})`}${took}${loss}${offEvidence(job)}`.replace(' ,', ','),
    lastDoneAt: at,
    action:
      newest === undefined
        ? null
        : { label: 'Verify now', busyLabel: 'Verifying…', run: () => verify(newest.id) },
  }
}

function offHostTask({ targets, backups }: Backups, jobs: Jobs | null, { startJob }: BackupActions): RunbookTask {
  const job = jobOf(jobs, 'copy')
  const base = { ...BASE, key: 'off-host', title: 'Off-host copies', interval: intervalOf(job, 'With each backup') }
  if (targets.length === 0) {
    const evidence = 'Losing this disk would lose every backup. Set backup_targets, or download a backup from the Backups page'
    return { ...base, doneBy: 'Operator', interval: 'Daily', state: 'warning', evidence, lastDoneAt: null, action: null }
  }
  const failing = targets.filter(({ state }) => state === 'failing')
  const last = targets.flatMap(({ last_ok_at: at }) => at ?? []).sort().at(-1) ?? null
  const waiting = backups.flatMap(({ copies }) => copies).filter(({ state }) => state !== 'done').length
  const evidence =
    failing.length > 0
      ? failing.map(({ name, last_error: error }) => `Copying to ${name} failed${error === null ? '' : `: ${error}`}`).join('; ')
      : `${targets.map(({ name, copies }) => `${formatCounted(copies, 'copy')} on ${name}`).join(', ')}${waiting === 0 ? '' : `; ${waiting} waiting`}`
  return {
    ...base,
    state: failing.length > 0 ? 'error' : isOff(job) ? 'warning' : 'ok',
    evidence: evidence + offEvidence(job),
    lastDoneAt: last,
    action: job === null ? null : { label: 'Copy now', busyLabel: 'Starting…', run: () => startJob('copy') },
  }
}

function pruneTask(all: Backups, jobs: Jobs | null, { openBackups }: BackupActions): RunbookTask {
  const job = jobOf(jobs, 'prune')
  const run = job === null ? null : lastFinishedRun(job)
  const goes = all.backups.filter(({ kept_as: kept }) => kept.length === 0).length
  const next = goes === 0 ? 'none to prune' : `${formatCount(goes)} to prune next`
  return {
    ...BASE,
    key: 'prune',
    title: 'Pruning',
    interval: intervalOf(job, 'Daily'),
    state: run?.result === 'failed' ? 'error' : isOff(job) ? 'warning' : 'ok',
    evidence: `${formatCounted(all.backups.length, 'backup')}, ${next}${run === null ? '' : `; ${resultWords(run)}`}${offEvidence(job)}`,
    lastDoneAt: run?.started_at ?? null,
    action: { label: 'Prune…', busyLabel: 'Opening…', run: openBackups },
  }
}

function disasterRecoveryTask(all: Backups, jobs: Jobs | null, { startJob }: BackupActions): RunbookTask {
  const job = jobOf(jobs, 'verify-offhost')
  const run = job === null ? null : lastFinishedRun(job)
  const base = { ...BASE, key: 'disaster-recovery-test', title: 'Disaster recovery test', to: '/operations/jobs', interval: intervalOf(job, 'Monthly'), lastDoneAt: run?.started_at ?? null }
  if (all.targets.length === 0) {
    const evidence = 'There is no off-host copy to restore from. Restore a downloaded backup on another host'
    return { ...base, doneBy: 'Operator', interval: 'Monthly', state: 'manual', evidence, lastDoneAt: null, action: null }
  }
  return {
    ...base,
    state: run === null ? 'warning' : run.result === 'ok' ? (isOff(job) ? 'warning' : 'ok') : 'error',
    evidence:
      run === null
        ? 'No off-host copy has been restored yet'
        : `${run.result === 'ok' ? 'The newest off-host copy was restored; ' : ''}${resultWords(run)}${offEvidence(job)}`,
    action: job === null ? null : { label: 'Test now', busyLabel: 'Starting…', run: () => startJob('verify-offhost') },
  }
}

function stateWords({ state, verification }: Backup): string {
  if (state === 'verified') return 'restored and compared'
  if (state === 'unverified') return 'not verified yet'
  return `failed its verification: ${verification?.message ?? 'no reason was given'}`
}

function resultWords({ result, message }: JobRun): string {
  const how = { ok: 'succeeded', running: 'is in progress', failed: 'failed', interrupted: 'was interrupted' }[result]
  return `the last run ${how}${message === null ? '' : `: ${message}`}`
}

function jobOf(jobs: Jobs | null, name: string): Job | null {
  return jobs?.jobs.find((job) => job.name === name) ?? null
}

function isOff(job: Job | null): boolean {
  return job !== null && !job.is_enabled
}

function offEvidence(job: Job | null): string {
  return isOff(job) ? '; the job is disabled' : ''
}

/** The schedule as text; the cron expression if it is an unusual one. */
function intervalOf(job: Job | null, otherwise: string): string {
  if (job === null) return otherwise
  return describeCron(job.schedule) ?? job.schedule
}
