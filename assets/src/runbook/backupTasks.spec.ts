import { describe, expect, test } from 'vitest'
import type { Backups, BackupTarget, Job, JobRun, Jobs } from '../api/types'
import { testBackup, testBackups } from '../domain/backups/testing'
import { type BackupActions, backupTasks } from './backupTasks'
import type { RunbookTask } from './task'

const NAS: BackupTarget = {
  name: 'nas',
  url: 'sftp://nas.example',
  state: 'ok',
  copies: 3,
  last_ok_at: '2026-11-25T02:16:00Z',
  last_error: null,
}
const RUN: JobRun = {
  id: 1,
  trigger: 'schedule',
  started_at: '2026-11-25T05:00:00Z',
  started_local: '2026-11-25T05:00:00+00:00',
  ended_at: '2026-11-25T05:00:01Z',
  duration_ms: 1_000,
  result: 'ok',
  message: null,
  log: [],
}

function jobs(more: Partial<Job> = {}): Jobs {
  const list = ['backup', 'copy', 'verify', 'verify-offhost', 'prune'].map((name): Job => ({
    name,
    title: name,
    schedule: '15 2 * * *',
    default_schedule: '15 2 * * *',
    is_enabled: true,
    next_run_at: null,
    next_run_local: null,
    running: null,
    runs: [RUN],
    ...more,
  }))
  return { timezone: 'UTC', utc_offset: '+00:00', timezone_fault: null, jobs: list }
}

function task(key: string, more: Partial<Backups>, of: Jobs | null = jobs(), actions: Partial<BackupActions> = {}): RunbookTask {
  const nothing = (): Promise<void> => Promise.resolve()
  const all = { backUp: nothing, verify: nothing, startJob: nothing, openBackups: nothing, ...actions }
  const found = backupTasks(testBackups(more), of, all).find((each) => each.key === key)
  if (found === undefined) throw new Error(`no task ${key}`)
  return found
}

test('the appliance does all of them, in the order of the runbook', () => {
  const actions = { backUp: fail, verify: fail, startJob: fail, openBackups: fail }
  const list = backupTasks(testBackups({ targets: [NAS] }), jobs(), actions)
  expect(list.map(({ key, doneBy, state }) => `${key} ${doneBy} ${state}`)).toEqual([
    'backup UNOC ok',
    'restore-test UNOC ok',
    'off-host UNOC ok',
    'prune UNOC ok',
    'disaster-recovery-test UNOC ok',
  ])
})

describe.each<[string, string, Partial<Backups>, Jobs | null, RunbookTask['state']]>([
  ['backup', 'there is none', { backups: [] }, jobs(), 'error'],
  ['backup', 'the newest is bad', { backups: [testBackup({ state: 'bad' })] }, jobs(), 'error'],
  ['backup', 'the job is off', {}, jobs({ is_enabled: false }), 'warning'],
  ['restore-test', 'the newest verified backup is too old', { is_stale: true }, jobs(), 'error'],
  ['restore-test', 'it was never done', { rehearsed_at: null }, jobs(), 'error'],
  ['off-host', 'there is no target', {}, jobs(), 'warning'],
  ['off-host', 'a target fails', { targets: [{ ...NAS, state: 'failing' }] }, jobs(), 'error'],
  ['prune', 'the last run failed', {}, jobs({ runs: [{ ...RUN, result: 'failed' }] }), 'error'],
  ['disaster-recovery-test', 'nothing is off the host', {}, jobs(), 'manual'],
  ['disaster-recovery-test', 'it was never done', { targets: [NAS] }, jobs({ runs: [] }), 'warning'],
  ['disaster-recovery-test', 'the last one was interrupted', { targets: [NAS] }, jobs({ runs: [{ ...RUN, result: 'interrupted' }] }), 'error'],
  ['disaster-recovery-test', 'the jobs are not known', { targets: [NAS] }, null, 'warning'],
])('%s, when %s', (key, _, more, of, state) => {
  test(`is ${state}`, () => {
    expect(task(key, more, of).state).toBe(state)
  })
})

test('evidence, interval and when it was last done', () => {
  const plain = (key: string, more: Partial<Backups> = {}): string => task(key, more).evidence.replaceAll('\u00a0', ' ')
  expect(plain('backup')).toBe('unoc_20261125_021500, 0.98 KiB, restored and compared')
  expect(plain('restore-test')).toBe(
    'Restored and compared (quick, into a scratch store), in 0.3 s; 1 h of changes would be lost now',
  )
  expect(plain('prune', { backups: [testBackup({ kept_as: [] })] })).toBe('1 backup, 1 to prune next; the last run succeeded')
  expect(plain('off-host', { targets: [NAS] })).toBe('3 copies on nas')
  expect(task('backup', {}).interval).toBe('Every day at 02:15')
  expect(task('backup', {}, null).interval).toBe('Daily')
  expect(task('prune', {}).lastDoneAt).toBe(RUN.started_at)
  expect(task('prune', {}, null).lastDoneAt).toBeNull()
})

test('the buttons do what they say', async () => {
  const done: string[] = []
  const note = (text: string): Promise<void> => {
    done.push(text)
    return Promise.resolve()
  }
  const actions: BackupActions = {
    backUp: () => note('backup'),
    verify: (id) => note(`verify ${id}`),
    startJob: (name) => note(`start ${name}`),
    openBackups: () => note('open'),
  }
  for (const each of backupTasks(testBackups({ targets: [NAS] }), jobs(), actions)) await each.action?.run()
  expect(done).toEqual(['backup', 'verify unoc_20261125_021500', 'start copy', 'open', 'start verify-offhost'])
})

function fail(): Promise<void> {
  throw new Error('nothing was pressed')
}
