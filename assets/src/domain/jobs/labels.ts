import type { Job, JobRun } from '../../api/types'
import type { Tone } from '../../utils/tone'

/** What made a job run. */
export const TRIGGER_LABELS: Record<JobRun['trigger'], { word: string; hint: string }> = {
  schedule: { word: 'by schedule', hint: 'It was due' },
  manual: { word: 'by hand', hint: 'Someone started it' },
  missed: {
    word: 'catch-up after downtime',
    hint: 'It was due while the appliance was off, and ran at the next start',
  },
  repair: { word: 'to replace a bad backup', hint: 'Another backup was bad' },
}

export const RESULT_LABELS: Record<JobRun['result'], { word: string; tone: Tone }> = {
  ok: { word: 'OK', tone: 'up' },
  running: { word: 'Running', tone: 'up' },
  interrupted: { word: 'Interrupted', tone: 'degraded' },
  failed: { word: 'Failed', tone: 'down' },
}

/** What is missing while a job is off. */
const DISABLED_EFFECTS: Record<string, string> = {
  backup: 'no backups are made automatically.',
  copy: 'no backup is copied off this host automatically.',
  verify: 'no backup is fully verified automatically.',
  'verify-offhost': 'no off-host copy is verified automatically.',
  prune: 'old backups are kept until the disk is full.',
  'self-check': 'nothing notices a store that cannot be read.',
}

/** Null for a job that is on. */
export function disabledText({ name, is_enabled: isOn }: Pick<Job, 'name' | 'is_enabled'>): string | null {
  return isOn ? null : `Switched off: ${DISABLED_EFFECTS[name] ?? 'it does not run automatically.'}`
}

/** The last run that has ended. */
export function lastFinishedRun({ runs }: Pick<Job, 'runs'>): JobRun | null {
  return runs.find(({ result }) => result !== 'running') ?? null
}
