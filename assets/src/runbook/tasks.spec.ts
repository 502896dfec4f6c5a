import { expect, test } from 'vitest'
import type { HealthDetail, LogSummary } from '../api/types'
import { testBackups } from '../domain/backups/testing'
import type { RunbookTask } from './task'
import { type RunbookActions, type RunbookInput, runbookTasks } from './tasks'

const VOLUME = { directory: '/var/lib/unoc', free_bytes: 50, total_bytes: 100, min_free_bytes: 1, is_writable: true }
const HEALTH = { status: 'healthy', version: '0.2.0', volume: VOLUME } as HealthDetail
const LOADED = { errorText: null, at: Date.parse('2026-11-25T03:15:00Z') }
const SUMMARY: LogSummary = {
  since: '2026-11-24T03:15:00Z',
  complete_since: '2026-11-20T00:00:00Z',
  compared_since: '2026-11-23T03:15:00Z',
  error_count: 0,
  warning_count: 2,
  group_count: 1,
  new_count: 0,
  groups: [],
}
const INPUT: RunbookInput = {
  health: { ...LOADED, value: HEALTH },
  sync: { ...LOADED, value: null },
  backups: { ...LOADED, value: null },
  logs: { ...LOADED, value: SUMMARY },
  jobs: null,
  connection: 'live',
  lastLiveAt: LOADED.at,
  apiCheck: null,
  deviceCount: 3,
  overriddenCount: 0,
}
const nothing = (): Promise<void> => Promise.resolve()
const ACTIONS: RunbookActions = {
  checkHealth: nothing,
  checkApi: nothing,
  syncNow: nothing,
  reconnect: nothing,
  reloadBackups: nothing,
  downloadExport: nothing,
  backUp: nothing,
  verify: nothing,
  startJob: nothing,
  openBackups: nothing,
}

function keys(more: Partial<RunbookInput>): string[] {
  return runbookTasks({ ...INPUT, ...more }, ACTIONS).map(({ key }) => key)
}

test('the tasks come in the order of the runbook', () => {
  const around = ['health', 'api', 'database', 'websocket', 'logs', 'overrides', 'capacity']
  const withBackups = keys({ backups: { ...LOADED, value: testBackups() } })
  expect(withBackups).toEqual([
    ...around.slice(0, 5),
    'backup',
    'restore-test',
    'off-host',
    'prune',
    'disaster-recovery-test',
    ...around.slice(5),
  ])
  expect(keys({})).toEqual([...around.slice(0, 5), 'export', ...around.slice(5)])
  expect(keys({ backups: { value: null, errorText: null, at: null } })).toEqual(around)
})

const UNKNOWN = { value: null, errorText: null, at: null }
const FAILED = { value: null, errorText: 'The server does not respond.', at: null }

test.each<[string, string, Partial<RunbookInput>, RunbookTask['state']]>([
  ['health', 'is healthy', {}, 'ok'],
  ['health', 'is loading', { health: UNKNOWN }, 'unknown'],
  ['health', 'is degraded', { health: { ...LOADED, value: { ...HEALTH, status: 'degraded' } } }, 'error'],
  ['health', 'does not answer', { health: FAILED }, 'error'],
  ['api', 'never answered', { connection: 'offline' }, 'error'],
  ['database', 'is not configured', {}, 'ok'],
  ['database', 'cannot be loaded', { sync: FAILED }, 'error'],
  ['websocket', 'is reconnecting', { connection: 'reconnecting' }, 'warning'],
  ['logs', 'have known warnings only', {}, 'ok'],
  ['logs', 'are loading', { logs: { value: null, errorText: null, at: null } }, 'unknown'],
  ['logs', 'have an error', { logs: { ...LOADED, value: { ...SUMMARY, error_count: 1 } } }, 'warning'],
  ['logs', 'have a new kind of warning', { logs: { ...LOADED, value: { ...SUMMARY, new_count: 1 } } }, 'warning'],
  ['backup', 'cannot be loaded', { backups: FAILED }, 'error'],
  ['overrides', 'has overrides', { overriddenCount: 2 }, 'warning'],
  ['capacity', 'has room', {}, 'ok'],
  ['capacity', 'is low', { health: { ...LOADED, value: { ...HEALTH, volume: { ...VOLUME, free_bytes: 9 } } } }, 'warning'],
  [
    'capacity',
    'is read-only',
    { health: { ...LOADED, value: { ...HEALTH, volume: { ...VOLUME, is_writable: false } } } },
    'error',
  ],
])('%s that %s', (key, _, more, state) => {
  expect(runbookTasks({ ...INPUT, ...more }, ACTIONS).find((task) => task.key === key)?.state).toBe(state)
})

test('the journal is named while the log in memory does not reach back a day', () => {
  const task = (value: LogSummary): RunbookTask | undefined =>
    runbookTasks({ ...INPUT, logs: { ...LOADED, value } }, ACTIONS).find(({ key }) => key === 'logs')
  expect(task(SUMMARY)).toMatchObject({ command: null, evidence: '0\u00a0errors and 2\u00a0warnings in the last 24\u00a0h' })
  const young = task({ ...SUMMARY, complete_since: '2026-11-24T12:00:00Z', new_count: 2 })
  expect(young?.command).toBe('journalctl -u unoc --since yesterday -p warning')
  expect(young?.evidence).toContain('2\u00a0new kinds; before the server was started, on the host:')
})
