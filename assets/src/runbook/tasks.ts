import { computed, type ComputedRef, shallowRef } from 'vue'
import { fetchDevicePage } from '../api/devices'
import { fetchExport } from '../api/export'
import { runSync } from '../api/sync'
import { lastLiveAt, link, reconnectNow } from '../live/feed'
import { router } from '../router'
import { backups, backUpNow, verifyNow } from '../stores/backups'
import { counts, devices } from '../stores/devices'
import { health, syncStatus } from '../stores/health'
import { jobs, startJob } from '../stores/jobs'
import { formatBytes, formatCount, formatCounted, formatMs, formatSeconds } from '../utils/format'
import { saveText } from '../utils/download'
import { backupDuties } from './backupTasks'

/** A duty of the runbook, as the page shows it. */
export interface Duty {
  key: string
  title: string
  rhythm: string
  who: 'UNOC' | 'You'
  state: 'good' | 'warn' | 'bad' | 'yours'
  evidence: string
  command: string | null
  /** RFC 3339; null where nobody notes it. */
  last: string | null
  /** The page that says more. */
  to: string | null
  act: { label: string; doing: string; run: () => Promise<void> } | null
}

/** The last try of the API from this page. */
const tried = shallowRef<{ at: string; ms: number; seq: number } | null>(null)

async function tryApi(): Promise<void> {
  const from = performance.now()
  const { seq } = await fetchDevicePage(1)
  tried.value = { at: new Date().toISOString(), ms: performance.now() - from, seq }
}

async function saveExport(): Promise<void> {
  saveText('unoc', 'jsonl', await fetchExport())
}

/** All duties, in the order of the runbook. */
export function useDuties(): ComputedRef<Duty[]> {
  void tryApi().catch(() => undefined)
  return computed(() => [
    healthDuty(),
    apiDuty(),
    databaseDuty(),
    webSocketDuty(),
    logDuty(),
    ...siteDuties(),
    overrideDuty(),
    capacityDuty(),
  ])
}

function healthDuty(): Duty {
  const { value, problem, at } = health.state.value
  const isGood = problem === null && value?.status === 'healthy'
  return {
    key: 'health',
    title: 'Backend health',
    rhythm: 'Always; every 5 s while this page is open',
    who: 'UNOC',
    state: isGood ? 'good' : value === null && problem === null ? 'yours' : 'bad',
    evidence:
      problem ?? (value === null ? 'Asking…' : `The appliance is ${value.status}, version ${value.version}`),
    command: null,
    last: isoOf(at),
    to: '/operations/health',
    act: { label: 'Check now', doing: 'Checking…', run: health.refresh },
  }
}

function apiDuty(): Duty {
  const last = tried.value
  const text = last === null ? '' : ` in ${formatMs(last.ms)}, at change ${formatCount(last.seq)}`
  return {
    key: 'api',
    title: 'API lists devices',
    rhythm: 'Daily',
    who: 'UNOC',
    state: link.value === 'live' || last !== null ? 'good' : 'bad',
    evidence: `GET /api/devices answered${text}; ${formatCounted(devices.value.size, 'device')} on this page`,
    command: null,
    last: last?.at ?? null,
    to: '/inventory',
    act: { label: 'Try now', doing: 'Asking…', run: tryApi },
  }
}

function databaseDuty(): Duty {
  const { value, problem, at } = syncStatus.state.value
  const base: Duty = {
    key: 'database',
    title: 'Database connectivity',
    rhythm: 'Always',
    who: 'UNOC',
    state: 'good',
    evidence: '',
    command: null,
    last: isoOf(at),
    to: '/operations/sync',
    act: null,
  }
  if (problem !== null) return { ...base, state: 'bad', evidence: problem }
  if (at === null) return { ...base, state: 'yours', evidence: 'Asking…' }
  if (value === null || value.state === 'off') {
    return { ...base, evidence: 'No PostgreSQL is configured; all data is on the local disk' }
  }
  const isLive = value.state === 'live'
  return {
    ...base,
    state: isLive ? 'good' : value.state === 'stopped' ? 'bad' : 'warn',
    evidence: `${value.message} ${formatSeconds(value.behind_s)} behind, ${formatCounted(value.dirty_count, 'change')} to send`,
    act: value.actions.includes('now')
      ? { label: 'Sync now', doing: 'Syncing…', run: async () => syncStatus.put(await runSync('now')) }
      : null,
  }
}

function webSocketDuty(): Duty {
  const states = { connecting: 'yours', live: 'good', reconnecting: 'warn', offline: 'bad' } as const
  const words = { connecting: 'Connecting', live: 'Changes arrive as they happen', reconnecting: 'Reconnecting', offline: 'Offline' }
  return {
    key: 'websocket',
    title: 'WebSocket',
    rhythm: 'Always; the server sends a heartbeat every 5\u00a0s',
    who: 'UNOC',
    state: states[link.value],
    evidence: words[link.value],
    command: null,
    last: isoOf(lastLiveAt.value),
    to: null,
    act: {
      label: 'Reconnect',
      doing: 'Reconnecting…',
      run: () => Promise.resolve(reconnectNow()),
    },
  }
}

function logDuty(): Duty {
  return {
    key: 'logs',
    title: 'Review the logs',
    rhythm: 'Daily',
    who: 'You',
    state: 'yours',
    evidence: 'Warnings and errors since yesterday, on the host:',
    command: 'journalctl -u unoc --since yesterday -p warning',
    last: null,
    to: null,
    act: null,
  }
}

/** A server that makes no backups leaves them to people. */
function siteDuties(): Duty[] {
  const { value: all, problem, at } = backups.state.value
  if (all === null && at !== null) return [exportDuty()]
  if (all === null) return problem === null ? [] : [unknownBackupDuty(problem)]
  return backupDuties(all, jobs.state.value.value, {
    backUp: backUpNow,
    verify: verifyNow,
    startJob,
    openBackups: async () => {
      await router.push('/operations/backups')
    },
  })
}

function unknownBackupDuty(problem: string): Duty {
  return {
    key: 'backup',
    title: 'Backup',
    rhythm: 'Daily',
    who: 'UNOC',
    state: 'bad',
    evidence: problem,
    command: null,
    last: null,
    to: '/operations/backups',
    act: { label: 'Ask again', doing: 'Asking…', run: backups.refresh },
  }
}

function exportDuty(): Duty {
  return {
    key: 'export',
    title: 'Copy of the site off the host',
    rhythm: 'Daily',
    who: 'You',
    state: 'yours',
    evidence: 'The whole site as one file, which unoc import reads back. On the host:',
    command: 'unoc export > unoc_$(date +%Y%m%d_%H%M%S).jsonl',
    last: null,
    to: null,
    act: { label: 'Download', doing: 'Exporting…', run: saveExport },
  }
}

function overrideDuty(): Duty {
  return {
    key: 'overrides',
    title: 'Review the overrides',
    rhythm: 'Every shift',
    who: 'You',
    state: counts.overridden > 0 ? 'warn' : 'good',
    evidence:
      counts.overridden === 0
        ? 'No status is overridden'
        : `${formatCounted(counts.overridden, 'device')} held by an operator`,
    command: null,
    last: null,
    to: '/inventory?overridden=yes',
    act: null,
  }
}

function capacityDuty(): Duty {
  const { value, at } = health.state.value
  const base = {
    key: 'capacity',
    title: 'Capacity of the data volume',
    rhythm: 'Monthly; below the minimum, writes are always refused',
    who: 'UNOC' as const,
    command: null,
    last: isoOf(at),
    to: '/operations/health',
    act: null,
  }
  if (value === null) return { ...base, state: 'yours', evidence: 'Asking…' }
  const { free_bytes: free, total_bytes: total, is_writable: writable } = value.volume
  const share = total === 0 ? 0 : Math.round((free / total) * 100)
  return {
    ...base,
    state: writable ? (share < 10 ? 'warn' : 'good') : 'bad',
    evidence: `${formatBytes(free)} of ${formatBytes(total)} free (${share} %)`,
  }
}

function isoOf(ms: number | null): string | null {
  return ms === null ? null : new Date(ms).toISOString()
}
