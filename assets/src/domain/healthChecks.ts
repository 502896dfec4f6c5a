import type { HealthDetail, SyncStatus } from '../api/types'
import type { Tone } from '../utils/tone'
import { formatBytes, formatMoment, formatSeconds, formatSpan } from '../utils/format'

/** One check of the appliance's health. */
export interface HealthCheck {
  name: string
  what: string
  tone: Tone
  word: string
  value: string
  threshold: string
  /** How much of what there is, 0 to 1, where that makes sense. */
  share: number | null
  /** What to do, where it is not fine. */
  remedy: string | null
  /** The page with the details and the fix. */
  to?: { path: string; label: string }
}

/** Below this share the volume fills up within days on most hosts. */
const FREE_SHARE_LOW = 0.1
const BEHIND_S_MAX = 300

/** `staleAfterS` is how old a backup may become, where that is known. */
export function healthChecks(
  health: HealthDetail,
  sync: SyncStatus | null,
  staleAfterS: number | null,
  now: number,
): HealthCheck[] {
  const mirror = sync === null ? [] : [syncCheck(sync)]
  return [engineCheck(health), volumeCheck(health), ...mirror, ...backupCheck(health, staleAfterS, now)]
}

function engineCheck({ engine, seq }: HealthDetail): HealthCheck {
  return {
    name: 'Engine',
    what: 'The engine responds',
    tone: engine.is_alive ? 'up' : 'down',
    word: engine.is_alive ? 'OK' : 'Not responding',
    value: `at change ${seq.toLocaleString('en')}`,
    threshold: 'responds within 2\u00a0s',
    share: null,
    remedy: engine.is_alive
      ? null
      : 'Writes are refused. Restart the service: sudo systemctl restart unoc',
  }
}

function volumeCheck({ volume }: HealthDetail): HealthCheck {
  const share = volume.total_bytes === 0 ? 0 : volume.free_bytes / volume.total_bytes
  const low = share < FREE_SHARE_LOW
  return {
    name: 'Data volume',
    what: volume.directory,
    tone: !volume.is_writable ? 'down' : low ? 'degraded' : 'up',
    word: !volume.is_writable ? 'Read-only' : low ? 'Low' : 'OK',
    value: `${formatBytes(volume.free_bytes)} free of ${formatBytes(volume.total_bytes)}`,
    threshold: `read-only below ${formatBytes(volume.min_free_bytes)}`,
    share: 1 - share,
    remedy: volume.is_writable
      ? low
        ? 'Free up space on the volume before it becomes read-only.'
        : null
      : 'Free up space on the volume; changes are accepted again as soon as there is room.',
  }
}

function syncCheck(sync: SyncStatus): HealthCheck {
  const tones: Record<SyncStatus['state'], [Tone, string]> = {
    off: ['up', 'Off'],
    connecting: ['minor', 'Connecting'],
    loading: ['minor', 'Loading'],
    live: sync.behind_s > BEHIND_S_MAX ? ['degraded', 'Late'] : ['up', 'OK'],
    waiting: ['degraded', 'Waiting'],
    stopped: ['down', 'Stopped'],
  }
  const [tone, word] = tones[sync.state]
  return {
    name: 'Mirror in PostgreSQL',
    what: sync.message,
    tone,
    word,
    value: sync.state === 'off' ? 'not configured' : `${formatSeconds(sync.behind_s)} behind`,
    threshold: `late after ${formatSeconds(BEHIND_S_MAX)}`,
    share: null,
    remedy: sync.remedy,
  }
}

/** What is wrong with the backups although one is recent, the worst first. */
function backupWarnings({
  unverified,
  target_failure: target,
  postgres_failure: postgres,
}: NonNullable<HealthDetail['backup']>): { word: string; text: string }[] {
  // An older server does not say all of them.
  const found: [string, string | null | undefined][] = [
    ['Newest not verified', unverified],
    ['Target not set up', target],
    ['PostgreSQL failed', postgres],
  ]
  return found.flatMap(([word, text]) => (typeof text === 'string' ? [{ word, text }] : []))
}

/** None from a server that makes no backups. */
function backupCheck({ backup }: Partial<HealthDetail>, staleAfterS: number | null, now: number): HealthCheck[] {
  if (backup === undefined) return []
  const { restorable_as_of: at, rpo_s: rpo, is_stale: isStale } = backup
  const warnings = backupWarnings(backup)
  const [warning] = warnings
  const isNone = at === null
  const remedies = warnings.map(({ text }) => (text.endsWith('.') ? text : `${text}.`))
  if (isStale || isNone) remedies.push('Back up now. The backup is verified immediately afterwards.')
  const moment = isNone ? '' : `restorable as of ${formatMoment(at, now)}`
  return [
    {
      name: 'Backups',
      what: 'A recent backup is verified',
      tone: isStale ? 'down' : isNone || warning !== undefined ? 'degraded' : 'up',
      word: isNone ? 'None verified' : isStale ? 'Too old' : (warning?.word ?? 'OK'),
      value: isNone
        ? 'no backup to restore from; all data would be lost'
        : rpo === null
          ? moment
          : `${moment}; ${formatSpan(rpo)} of changes would be lost now`,
      threshold: `too old after ${staleAfterS === null ? 'backup_stale_hours' : formatSpan(staleAfterS)}`,
      share: null,
      remedy: remedies.length > 0 ? remedies.join(' ') : null,
      to: { path: '/operations/backups', label: 'Open Backups' },
    },
  ]
}
