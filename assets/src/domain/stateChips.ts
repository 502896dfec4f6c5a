import type { HealthDetail, SyncStatus } from '../api/types'
import type { PollState } from '../composables/poll'
import { formatSeconds } from '../utils/format'

/** How a chip of the header is drawn: calm is grey. */
export type ChipTone = 'ok' | 'warning' | 'error' | 'unknown'

export interface Chip {
  tone: ChipTone
  word: string
  hint: string
}

export function healthChip({ value, errorText }: PollState<HealthDetail>): Chip {
  if (value === null) {
    return errorText === null
      ? { tone: 'unknown', word: '…', hint: 'Loading the health of the appliance' }
      : { tone: 'unknown', word: 'Unknown', hint: `The health cannot be loaded: ${errorText}` }
  }
  if (errorText !== null) {
    return { tone: 'unknown', word: 'Unknown', hint: `The health is out of date: ${errorText}` }
  }
  const warnings = healthWarnings(value)
  if (value.status === 'healthy' && warnings.length === 0) {
    return { tone: 'ok', word: 'Healthy', hint: 'All checks passed' }
  }
  const tone = value.status === 'healthy' || value.status === 'degraded' ? 'warning' : 'error'
  const [only] = warnings
  const word = tone === 'error' ? 'Unhealthy' : warnings.length === 1 && only === NO_VERIFIED_BACKUP ? NO_VERIFIED_BACKUP : 'Degraded'
  const hint = warnings.length === 0 ? 'See the Health page' : `${warnings.join('. ')}.`
  return { tone, word, hint }
}

const NO_VERIFIED_BACKUP = 'No verified backup'

/** What is wrong. Unlike the server, this includes a site that was never backed up. */
function healthWarnings({ engine, volume, sync, backup }: Partial<HealthDetail>): string[] {
  const warnings: [boolean, string][] = [
    [engine?.is_alive === false, 'The engine is not responding'],
    [volume?.is_writable === false, 'The data volume is read-only'],
    [sync?.state === 'waiting', 'PostgreSQL is unreachable'],
    [sync?.state === 'stopped', 'Sync is stopped'],
    [backup?.restorable_as_of === null, NO_VERIFIED_BACKUP],
    [backup?.is_stale === true && backup.restorable_as_of !== null, 'The newest verified backup is too old'],
    [typeof backup?.unverified === 'string' && backup.restorable_as_of !== null, 'The newest backup is not verified'],
    [typeof backup?.target_failure === 'string', 'A backup target could not be set up'],
    [typeof backup?.postgres_failure === 'string', 'The newest backup could not be verified in PostgreSQL'],
  ]
  return warnings.flatMap(([isSo, warning]) => (isSo ? [warning] : []))
}

/** Up to this, being behind is the normal pause between two rounds. */
const BEHIND_S_MAX = 30

/** A null value is a server without a mirror, or a state that is not loaded yet. */
export function syncChip({ value, errorText, at }: PollState<SyncStatus | null>): Chip {
  if (errorText !== null) {
    return { tone: 'unknown', word: 'Unknown', hint: `The sync state cannot be loaded: ${errorText}` }
  }
  if (at === null) return { tone: 'unknown', word: '…', hint: 'Loading the sync state' }
  if (value === null || value.state === 'off') {
    return { tone: 'ok', word: 'Off', hint: 'No PostgreSQL is configured' }
  }
  const behind = formatSeconds(value.behind_s)
  switch (value.state) {
    case 'live': {
      const late = value.behind_s > BEHIND_S_MAX
      const word = value.dirty_count === 0 ? 'Up to date' : `${behind} behind`
      return { tone: late ? 'warning' : 'ok', word, hint: value.message }
    }
    case 'stopped':
      return { tone: 'error', word: 'Stopped', hint: value.message }
    case 'waiting':
      return { tone: 'warning', word: `${behind} behind`, hint: value.message }
    default:
      return { tone: 'ok', word: 'Connecting', hint: value.message }
  }
}
