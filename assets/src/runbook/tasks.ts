import type { Backups, HealthDetail, Jobs, LogSummary, SyncStatus } from '../api/types'
import type { PollState } from '../composables/poll'
import type { ConnectionState } from '../live/connectionState'
import { formatBytes, formatCount, formatCounted, formatMs, formatSeconds } from '../utils/format'
import { type BackupActions, backupTasks } from './backupTasks'
import type { RunbookTask } from './task'

/** What the tasks are derived from. */
export interface RunbookInput {
  health: PollState<HealthDetail>
  sync: PollState<SyncStatus | null>
  backups: PollState<Backups | null>
  logs: PollState<LogSummary>
  jobs: Jobs | null
  connection: ConnectionState
  /** When the live connection was last good, in milliseconds. */
  lastLiveAt: number | null
  apiCheck: ApiCheck | null
  deviceCount: number
  overriddenCount: number
}

/** A request to `GET /api/devices` made by the runbook. */
export interface ApiCheck {
  at: string
  duration_ms: number
  seq: number
}

/** What the buttons do. */
export interface RunbookActions extends BackupActions {
  checkHealth: () => Promise<void>
  checkApi: () => Promise<void>
  syncNow: () => Promise<void>
  reconnect: () => Promise<void>
  reloadBackups: () => Promise<void>
  downloadExport: () => Promise<void>
}

/** Every task, in the order of the runbook. */
export function runbookTasks(input: RunbookInput, actions: RunbookActions): RunbookTask[] {
  return [
    healthTask(input, actions),
    apiTask(input, actions),
    databaseTask(input, actions),
    webSocketTask(input, actions),
    logTask(input),
    ...siteTasks(input, actions),
    overrideTask(input),
    capacityTask(input),
  ]
}

function healthTask({ health: { value, errorText, at } }: RunbookInput, { checkHealth }: RunbookActions): RunbookTask {
  const isHealthy = errorText === null && value?.status === 'healthy'
  return {
    key: 'health',
    title: 'Backend health',
    interval: 'Continuous; every 5\u00a0s while this page is open',
    doneBy: 'UNOC',
    state: isHealthy ? 'ok' : value === null && errorText === null ? 'unknown' : 'error',
    evidence:
      errorText ?? (value === null ? 'Loading…' : `The appliance is ${value.status}, version ${value.version}`),
    command: null,
    lastDoneAt: isoOf(at),
    to: '/operations/health',
    action: { label: 'Check now', busyLabel: 'Checking…', run: checkHealth },
  }
}

function apiTask({ apiCheck, connection, deviceCount }: RunbookInput, { checkApi }: RunbookActions): RunbookTask {
  const answer =
    apiCheck === null
      ? 'GET /api/devices has not answered yet'
      : `GET /api/devices answered in ${formatMs(apiCheck.duration_ms)}, at change ${formatCount(apiCheck.seq)}`
  return {
    key: 'api',
    title: 'API lists devices',
    interval: 'Daily',
    doneBy: 'UNOC',
    state: connection === 'live' || apiCheck !== null ? 'ok' : 'error',
    evidence: `${answer}; ${formatCounted(deviceCount, 'device')} on this page`,
    command: null,
    lastDoneAt: apiCheck?.at ?? null,
    to: '/inventory',
    action: { label: 'Check now', busyLabel: 'Checking…', run: checkApi },
  }
}

function databaseTask({ sync: { value, errorText, at } }: RunbookInput, { syncNow }: RunbookActions): RunbookTask {
  const base: RunbookTask = {
    key: 'database',
    title: 'Database connectivity',
    interval: 'Continuous',
    doneBy: 'UNOC',
    state: 'ok',
    evidence: '',
    command: null,
    lastDoneAt: isoOf(at),
    to: '/operations/sync',
    action: null,
  }
  if (errorText !== null) return { ...base, state: 'error', evidence: errorText }
  if (at === null) return { ...base, state: 'unknown', evidence: 'Loading…' }
  if (value === null || value.state === 'off') {
    return { ...base, evidence: 'No PostgreSQL is configured; all data is stored on the local disk' }
  }
  const isLive = value.state === 'live'
  return {
    ...base,
    state: isLive ? 'ok' : value.state === 'stopped' ? 'error' : 'warning',
    evidence: `${value.message} ${formatSeconds(value.behind_s)} behind, ${formatCounted(value.dirty_count, 'change')} to send`,
    action: value.actions.includes('now') ? { label: 'Sync now', busyLabel: 'Syncing…', run: syncNow } : null,
  }
}

const CONNECTION_STATES = {
  connecting: { state: 'unknown', evidence: 'Connecting' },
  live: { state: 'ok', evidence: 'Receiving changes live' },
  reconnecting: { state: 'warning', evidence: 'Reconnecting' },
  offline: { state: 'error', evidence: 'Offline' },
} as const

function webSocketTask({ connection, lastLiveAt }: RunbookInput, { reconnect }: RunbookActions): RunbookTask {
  return {
    key: 'websocket',
    title: 'WebSocket',
    interval: 'Continuous; the server sends a heartbeat every 5\u00a0s',
    doneBy: 'UNOC',
    ...CONNECTION_STATES[connection],
    command: null,
    lastDoneAt: isoOf(lastLiveAt),
    to: null,
    action: { label: 'Reconnect', busyLabel: 'Reconnecting…', run: reconnect },
  }
}

/** The appliance sums up; whether it is all right, a person decides. */
function logTask({ logs: { value, errorText } }: RunbookInput): RunbookTask {
  const base: RunbookTask = {
    key: 'logs',
    title: 'Review the logs',
    interval: 'Daily',
    doneBy: 'Operator',
    state: 'ok',
    evidence: '',
    command: null,
    lastDoneAt: null,
    to: '/operations/logs',
    action: null,
  }
  if (errorText !== null) return { ...base, state: 'error', evidence: errorText }
  if (value === null) return { ...base, state: 'unknown', evidence: 'Loading…' }
  const { error_count, warning_count, new_count } = value
  const counts = `${formatCounted(error_count, 'error')} and ${formatCounted(warning_count, 'warning')} in the last 24\u00a0h`
  const isNew = new_count > 0 ? `, ${formatCounted(new_count, 'new kind')}` : ''
  const isPartial = value.complete_since > value.since
  return {
    ...base,
    state: error_count > 0 || new_count > 0 ? 'warning' : 'ok',
    evidence: `${counts}${isNew}${isPartial ? '; before the server was started, on the host:' : ''}`,
    command: isPartial ? 'journalctl -u unoc --since yesterday -p warning' : null,
  }
}

/** A server that makes no backups leaves the export to the operator. */
function siteTasks({ backups, jobs }: RunbookInput, actions: RunbookActions): RunbookTask[] {
  const { value, errorText, at } = backups
  if (value !== null) return backupTasks(value, jobs, actions)
  if (at !== null) return [exportTask(actions)]
  return errorText === null ? [] : [unknownBackupTask(errorText, actions)]
}

function unknownBackupTask(error: string, { reloadBackups }: RunbookActions): RunbookTask {
  return {
    key: 'backup',
    title: 'Backup',
    interval: 'Daily',
    doneBy: 'UNOC',
    state: 'error',
    evidence: error,
    command: null,
    lastDoneAt: null,
    to: '/operations/backups',
    action: { label: 'Try again', busyLabel: 'Loading…', run: reloadBackups },
  }
}

function exportTask({ downloadExport }: RunbookActions): RunbookTask {
  return {
    key: 'export',
    title: 'Export of the site',
    interval: 'Daily',
    doneBy: 'Operator',
    state: 'manual',
    evidence: 'The whole site as one file that unoc import reads. On the host:',
    command: 'unoc export > unoc_$(date +%Y%m%d_%H%M%S).jsonl',
    lastDoneAt: null,
    to: null,
    action: { label: 'Download', busyLabel: 'Exporting…', run: downloadExport },
  }
}

function overrideTask({ overriddenCount }: RunbookInput): RunbookTask {
  return {
    key: 'overrides',
    title: 'Review the overrides',
    interval: 'Every shift',
    doneBy: 'Operator',
    state: overriddenCount > 0 ? 'warning' : 'ok',
    evidence: overriddenCount === 0 ? 'No overrides' : `${formatCounted(overriddenCount, 'device')} overridden`,
    command: null,
    lastDoneAt: null,
    to: '/inventory?overridden=yes',
    action: null,
  }
}

/** Below this share of free space, most volumes fill up within days. */
const FREE_PERCENT_LOW = 10

function capacityTask({ health: { value, at } }: RunbookInput): RunbookTask {
  const base = {
    key: 'capacity',
    title: 'Capacity of the data volume',
    interval: 'Monthly; writes are refused while free space is below the minimum',
    doneBy: 'UNOC' as const,
    command: null,
    lastDoneAt: isoOf(at),
    to: '/operations/health',
    action: null,
  }
  if (value === null) return { ...base, state: 'unknown', evidence: 'Loading…' }
  const { free_bytes: free, total_bytes: total, is_writable: isWritable } = value.volume
  const percent = total === 0 ? 0 : Math.round((free / total) * 100)
  return {
    ...base,
    state: !isWritable ? 'error' : percent < FREE_PERCENT_LOW ? 'warning' : 'ok',
    evidence: `${formatBytes(free)} of ${formatBytes(total)} free (${percent}\u00a0%)`,
  }
}

function isoOf(ms: number | null): string | null {
  return ms === null ? null : new Date(ms).toISOString()
}
