import type { Job, JobRun } from '../../api/types'
import type { Tone } from '../../utils/tone'

/** What started a run. */
export const TRIGGER_LABELS: Record<JobRun['trigger'], { word: string; hint: string }> = {
  schedule: { word: 'scheduled', hint: 'Due by its schedule' },
  manual: { word: 'manual', hint: 'Started by an operator' },
  missed: {
    word: 'catch-up after downtime',
    hint: 'Due while the appliance was off; run at the next start',
  },
  repair: { word: 'to replace a bad backup', hint: 'A backup failed its verification' },
}

export const RESULT_LABELS: Record<JobRun['result'], { word: string; tone: Tone }> = {
  ok: { word: 'OK', tone: 'up' },
  running: { word: 'Running', tone: 'up' },
  interrupted: { word: 'Interrupted', tone: 'degraded' },
  failed: { word: 'Failed', tone: 'down' },
}

/** What does not happen while a job is disabled. */
const DISABLED_EFFECTS: Record<string, string> = {
  backup: 'no backups are made automatically.',
  copy: 'no backup is copied off this host automatically.',
  verify: 'no backup is fully verified automatically.',
  'verify-offhost': 'no off-host copy is verified automatically.',
  prune: 'old backups are kept until the disk is full.',
  'daily-review': 'the log is not reviewed automatically.',
  capacity: 'the capacity is not reviewed automatically.',
  reconcile: 'PostgreSQL is compared without a report.',
  'self-check': 'a store that cannot be read is not detected.',
}

/** What is missing while a job is disabled; null for an enabled job. */
export function disabledText({ name, is_enabled: isOn }: Pick<Job, 'name' | 'is_enabled'>): string | null {
  return isOn ? null : `Disabled: ${DISABLED_EFFECTS[name] ?? 'it does not run automatically.'}`
}

/** The last run that has ended. */
export function lastFinishedRun({ runs }: Pick<Job, 'runs'>): JobRun | null {
  return runs.find(({ result }) => result !== 'running') ?? null
}
