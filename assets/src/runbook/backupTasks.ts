import type { Backup, Backups, Job, JobRun, Jobs } from '../api/types'
import { cronWords } from '../utils/cron'
import { formatBytes, formatCount, formatCounted, formatSeconds, formatSpan } from '../utils/format'
import { failedRun, verdictOf } from '../domain/backups/summary'
import { verifiedHow } from '../domain/backups/labels'
import { lastRun } from '../domain/jobs/labels'
import type { Duty } from './tasks'

/** What the buttons of these duties do. */
export interface BackupActions {
  backUp: () => Promise<void>
  verify: (id: string) => Promise<void>
  startJob: (name: string) => Promise<void>
  /** Opens the page of the backups, where pruning is asked for. */
  openBackups: () => Promise<void>
}

const BASE = { who: 'UNOC', command: null, to: '/operations/backups' } as const

/** The duties around backups: carried out by the appliance, which shows what it did. */
export function backupDuties(all: Backups, jobs: Jobs | null, actions: BackupActions): Duty[] {
  return [
    backupDuty(all, jobs, actions),
    restoreTestDuty(all, jobs, actions),
    offHostDuty(all, jobs, actions),
    pruneDuty(all, jobs, actions),
    drillDuty(all, jobs, actions),
  ]
}

function backupDuty(all: Backups, jobs: Jobs | null, { backUp }: BackupActions): Duty {
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
    rhythm: rhythmOf(job, 'Daily'),
    state: newest === undefined || newest.state === 'bad' || failed !== null ? 'bad' : isOff(job) ? 'warn' : 'good',
    evidence: `${evidence}${failed === null ? '' : `; ${resultWords(failed)}`}${offEvidence(job)}`,
    last: newest?.taken_at ?? null,
    act: { label: 'Back up now', doing: 'Backing up…', run: backUp },
  }
}

function restoreTestDuty(all: Backups, jobs: Jobs | null, { verify }: BackupActions): Duty {
  const { rto_s: rto, rehearsed_at: at, rpo_s: rpo } = all
  const [newest] = all.backups
  const job = jobOf(jobs, 'verify')
  const verdict = verdictOf(all, jobOf(jobs, 'backup'))
  const how = all.backups.find(({ verification }) => verification?.at === at)?.verification ?? null
  const took = rto === null ? '' : `, in ${formatSeconds(rto)}`
  const loss = rpo === null ? '' : `; ${formatSpan(rpo)} of changes would be lost now`
  return {
    ...BASE,
    key: 'restore-test',
    title: 'Restore test',
    rhythm: rhythmOf(job, 'With each backup, fully once a week'),
    state: verdict.tone === 'bad' || at === null ? 'bad' : isOff(job) ? 'warn' : 'good',
    evidence:
      at === null
        ? 'No backup has been restored and compared yet'
        : `Restored and compared ${how === null ? '' : `(${verifiedHow(how)})`}${took}${loss}${offEvidence(job)}`.replace(' ,', ','),
    last: at,
    act:
      newest === undefined
        ? null
        : { label: 'Verify now', doing: 'Verifying…', run: () => verify(newest.id) },
  }
}

function offHostDuty({ targets, backups }: Backups, jobs: Jobs | null, { startJob }: BackupActions): Duty {
  const job = jobOf(jobs, 'copy')
  const base = { ...BASE, key: 'off-host', title: 'Off-host copies', rhythm: rhythmOf(job, 'With each backup') }
  if (targets.length === 0) {
    const evidence = 'All backups would be lost with this disk: set backup_targets, or download one on the Backups page'
    return { ...base, who: 'You', rhythm: 'Daily', state: 'warn', evidence, last: null, act: null }
  }
  const failing = targets.filter(({ state }) => state === 'failing')
  const last = targets.flatMap(({ last_ok_at: at }) => at ?? []).sort().at(-1) ?? null
  const waiting = backups.flatMap(({ copies }) => copies).filter(({ state }) => state !== 'done').length
  const evidence =
    failing.length > 0
      ? failing.map(({ name, last_error: error }) => `${name} fails${error === null ? '' : `: ${error}`}`).join('; ')
      : `${targets.map(({ name, copies }) => `${name} holds ${copies}`).join(', ')}${waiting === 0 ? '' : `; ${waiting} waiting`}`
  return {
    ...base,
    state: failing.length > 0 ? 'bad' : isOff(job) ? 'warn' : 'good',
    evidence: evidence + offEvidence(job),
    last,
    act: job === null ? null : { label: 'Copy now', doing: 'Starting…', run: () => startJob('copy') },
  }
}

function pruneDuty(all: Backups, jobs: Jobs | null, { openBackups }: BackupActions): Duty {
  const job = jobOf(jobs, 'prune')
  const run = job === null ? null : lastRun(job)
  const goes = all.backups.filter(({ kept_as: kept }) => kept.length === 0).length
  const next = goes === 0 ? 'none to remove' : `${formatCount(goes)} to remove next`
  return {
    ...BASE,
    key: 'prune',
    title: 'Pruning',
    rhythm: rhythmOf(job, 'Daily'),
    state: run?.result === 'failed' ? 'bad' : isOff(job) ? 'warn' : 'good',
    evidence: `${formatCounted(all.backups.length, 'backup')}, ${next}${run === null ? '' : `; ${resultWords(run)}`}${offEvidence(job)}`,
    last: run?.started_at ?? null,
    act: { label: 'Prune…', doing: 'Opening…', run: openBackups },
  }
}

function drillDuty(all: Backups, jobs: Jobs | null, { startJob }: BackupActions): Duty {
  const job = jobOf(jobs, 'verify-offhost')
  const run = job === null ? null : lastRun(job)
  const base = { ...BASE, key: 'drill', title: 'Disaster drill', to: '/operations/jobs', rhythm: rhythmOf(job, 'Monthly'), last: run?.started_at ?? null }
  if (all.targets.length === 0) {
    const evidence = 'No off-host copy to restore from: restore a downloaded backup on another host'
    return { ...base, who: 'You', rhythm: 'Monthly', state: 'yours', evidence, last: null, act: null }
  }
  return {
    ...base,
    state: run === null ? 'warn' : run.result === 'ok' ? (isOff(job) ? 'warn' : 'good') : 'bad',
    evidence:
      run === null
        ? 'No backup has been restored from its off-host copy yet'
        : `${run.result === 'ok' ? 'The newest backup was restored from its off-host copy; ' : ''}${resultWords(run)}${offEvidence(job)}`,
    act: job === null ? null : { label: 'Drill now', doing: 'Starting…', run: () => startJob('verify-offhost') },
  }
}

function stateWords({ state, verification }: Backup): string {
  if (state === 'verified') return 'restored and compared'
  if (state === 'unverified') return 'not verified yet'
  return `failed its verification: ${verification?.message ?? 'no reason was given'}`
}

function resultWords({ result, message }: JobRun): string {
  const how = { ok: 'succeeded', running: 'is under way', failed: 'failed', interrupted: 'was interrupted' }[result]
  return `the last run ${how}${message === null ? '' : `: ${message}`}`
}

function jobOf(jobs: Jobs | null, name: string): Job | null {
  return jobs?.jobs.find((job) => job.name === name) ?? null
}

function isOff(job: Job | null): boolean {
  return job !== null && !job.is_enabled
}

function offEvidence(job: Job | null): string {
  return isOff(job) ? '; the job is switched off' : ''
}

/** As planned, where the page can say it. */
function rhythmOf(job: Job | null, otherwise: string): string {
  if (job === null) return otherwise
  return cronWords(job.schedule) ?? job.schedule
}
