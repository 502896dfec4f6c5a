import { describe, expect, test } from 'vitest'
import type { Backups, BackupTarget, Job, JobRun, Jobs } from '../api/types'
import { aBackup, aSite } from '../domain/backups/testing'
import { type BackupActions, backupDuties } from './backupTasks'
import type { Duty } from './tasks'

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

function duty(key: string, more: Partial<Backups>, of: Jobs | null = jobs(), actions: Partial<BackupActions> = {}): Duty {
  const nothing = (): Promise<void> => Promise.resolve()
  const all = { backUp: nothing, verify: nothing, startJob: nothing, openBackups: nothing, ...actions }
  const found = backupDuties(aSite(more), of, all).find((each) => each.key === key)
  if (found === undefined) throw new Error(`no duty ${key}`)
  return found
}

test('the appliance does all of them, in the order of the runbook', () => {
  const actions = { backUp: fail, verify: fail, startJob: fail, openBackups: fail }
  const list = backupDuties(aSite({ targets: [NAS] }), jobs(), actions)
  expect(list.map(({ key, who, state }) => `${key} ${who} ${state}`)).toEqual([
    'backup UNOC good',
    'restore-test UNOC good',
    'off-host UNOC good',
    'prune UNOC good',
    'drill UNOC good',
  ])
})

describe.each<[string, string, Partial<Backups>, Jobs | null, Duty['state']]>([
  ['backup', 'there is none', { backups: [] }, jobs(), 'bad'],
  ['backup', 'the newest is bad', { backups: [aBackup({ state: 'bad' })] }, jobs(), 'bad'],
  ['backup', 'the job is off', {}, jobs({ is_enabled: false }), 'warn'],
  ['restore-test', 'the badge has expired', { is_stale: true }, jobs(), 'bad'],
  ['restore-test', 'it was never done', { rehearsed_at: null }, jobs(), 'bad'],
  ['off-host', 'there is no target', {}, jobs(), 'warn'],
  ['off-host', 'a target fails', { targets: [{ ...NAS, state: 'failing' }] }, jobs(), 'bad'],
  ['prune', 'the last run failed', {}, jobs({ runs: [{ ...RUN, result: 'failed' }] }), 'bad'],
  ['drill', 'nothing is off the host', {}, jobs(), 'yours'],
  ['drill', 'it was never done', { targets: [NAS] }, jobs({ runs: [] }), 'warn'],
  ['drill', 'the last one was interrupted', { targets: [NAS] }, jobs({ runs: [{ ...RUN, result: 'interrupted' }] }), 'bad'],
  ['drill', 'the jobs are not known', { targets: [NAS] }, null, 'warn'],
])('%s, when %s', (key, _, more, of, state) => {
  test(`is ${state}`, () => {
    expect(duty(key, more, of).state).toBe(state)
  })
})

test('evidence, rhythm and when it was last', () => {
  const plain = (key: string, more: Partial<Backups> = {}): string => duty(key, more).evidence.replaceAll('\u00a0', ' ')
  expect(plain('backup')).toBe('unoc_20261125_021500, 0.98 KiB, restored and compared')
  expect(plain('restore-test')).toBe(
    'Restored and compared (quick, into a scratch store), in 0.3 s; 1 h of changes would be lost now',
  )
  expect(plain('prune', { backups: [aBackup({ kept_as: [] })] })).toBe('1 backup, 1 to remove next; the last run succeeded')
  expect(plain('off-host', { targets: [NAS] })).toBe('nas holds 3')
  expect(duty('backup', {}).rhythm).toBe('Every day at 02:15')
  expect(duty('backup', {}, null).rhythm).toBe('Daily')
  expect(duty('prune', {}).last).toBe(RUN.started_at)
  expect(duty('prune', {}, null).last).toBeNull()
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
  for (const each of backupDuties(aSite({ targets: [NAS] }), jobs(), actions)) await each.act?.run()
  expect(done).toEqual(['backup', 'verify unoc_20261125_021500', 'start copy', 'open', 'start verify-offhost'])
})

function fail(): Promise<void> {
  throw new Error('nothing was pressed')
}
