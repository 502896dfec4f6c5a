import type { Job, JobRun } from '../../api/types'
import type { Tone } from '../../api/words'

/** What made a job run. */
export const TRIGGERS: Record<JobRun['trigger'], { word: string; hint: string }> = {
  schedule: { word: 'by schedule', hint: 'It was due' },
  manual: { word: 'by hand', hint: 'Somebody asked for it' },
  missed: {
    word: 'made up after a power-off',
    hint: 'It was due while the appliance was off, and ran at the next start',
  },
  repair: { word: 'to repair', hint: 'The appliance asked for it because another backup was bad' },
}

export const RESULTS: Record<JobRun['result'], { word: string; tone: Tone }> = {
  ok: { word: 'OK', tone: 'up' },
  running: { word: 'Running', tone: 'up' },
  interrupted: { word: 'Interrupted', tone: 'degraded' },
  failed: { word: 'Failed', tone: 'down' },
}

/** What is missing while a job is off. */
const LEFT_UNDONE: Record<string, string> = {
  backup: 'nothing backs the site up by itself.',
  copy: 'no backup leaves this host by itself.',
  verify: 'no backup is rehearsed fully by itself.',
  'verify-offhost': 'no off-host copy is rehearsed by itself.',
  prune: 'old backups stay until the disk is full.',
  'self-check': 'a store that cannot be read is noticed by nobody.',
}

/** Null for a job that is on. */
export function offWords({ name, is_enabled: isOn }: Pick<Job, 'name' | 'is_enabled'>): string | null {
  return isOn ? null : `Switched off: ${LEFT_UNDONE[name] ?? 'it does not run by itself.'}`
}

/** The last run that has ended. */
export function lastRun({ runs }: Pick<Job, 'runs'>): JobRun | null {
  return runs.find(({ result }) => result !== 'running') ?? null
}
