import { describe, expect, test } from 'vitest'
import type { BackupCopy, Backups, BackupTarget, Job, JobRun } from '../../api/types'
import { testBackup, testBackups } from './testing'
import { keyFigures, backupSummary } from './summary'

const NOW = Date.parse('2026-11-25T03:15:00Z')
const BAD = testBackup({
  id: 'unoc_20261125_030000',
  state: 'bad',
  is_newest_verified: false,
  verification: { at: '2026-11-25T03:00:08Z', kind: 'quick', is_ok: false, duration_ms: 1, message: 'A row is missing.', postgres: null, postgres_result: null },
})
const FRESH = testBackup({ id: 'unoc_20261125_030000', state: 'unverified', is_newest_verified: false, verification: null })
const UNVERIFIED = { ...FRESH, verification_error: 'The volume is full.' }
const NO_VERIFIED_BACKUP = { restorable_as_of: null, rpo_s: null, rto_s: null, rehearsed_at: null }

function target(state: BackupTarget['state'], last_error: string | null = null): BackupTarget {
  return { name: 'nas', url: 'sftp://nas.example', state, copies: 1, last_ok_at: null, last_error }
}

function copy(state: BackupCopy['state']): BackupCopy {
  return { target: 'nas', state, at: '2026-11-25T02:16:00Z', attempts: 1, next_attempt_at: null, message: null }
}

function job(result: JobRun['result'], started_at: string): Job {
  const run: JobRun = { id: 1, trigger: 'schedule', started_at, started_local: started_at, ended_at: null, duration_ms: null, result, message: 'No room.', log: [], report_id: null }
  const name = 'backup'
  return { name, title: name, schedule: '', default_schedule: '', is_enabled: true, next_run_at: null, next_run_local: null, running: null, runs: [run] }
}

const GONE = testBackup({ id: 'unoc_20261125_030000', is_local: false })
const OLDER = testBackup({ is_newest_verified: false })

describe('the summary', () => {
  test.each<[string, Partial<Backups>, string, string, string | null]>([
    ['nothing yet', { ...NO_VERIFIED_BACKUP, backups: [] }, 'warning', 'No backup to restore from', 'backup'],
    ['nothing for too long', { ...NO_VERIFIED_BACKUP, backups: [], is_stale: true }, 'error', 'No backup to restore from', 'backup'],
    ['none verified', { ...NO_VERIFIED_BACKUP, backups: [FRESH] }, 'error', 'No verified backup', 'verify'],
    ['only a bad one', { ...NO_VERIFIED_BACKUP, backups: [BAD] }, 'error', 'No verified backup', 'backup'],
    ['all fine', {}, 'ok', 'Restorable as of', null],
    ['expired', { is_stale: true }, 'error', 'Restorable only as of', 'backup'],
    ['expired, a newer one waits', { is_stale: true, backups: [FRESH, testBackup()] }, 'error', 'Restorable only as of', 'verify'],
    ['the newest is bad', { backups: [BAD, testBackup()] }, 'warning', 'Restorable as of', 'backup'],
    ['the newest could not be verified', { backups: [UNVERIFIED, testBackup()] }, 'warning', 'Restorable as of', 'verify'],
    ['the verified file is gone', { backups: [GONE, OLDER] }, 'error', 'Restorable only as of', 'backup'],
    ['the only file is gone', { backups: [GONE] }, 'error', 'No verified backup', 'backup'],
    ['gone from here, but copied', { backups: [{ ...GONE, copies: [copy('done')] }] }, 'ok', 'Restorable as of', null],
    ['a directory that hangs', { is_directory_answering: false }, 'warning', 'Restorable as of', null],
    ['a target fails', { targets: [target('failing', 'refused')] }, 'warning', 'Restorable as of', 'copy'],
  ])('%s', (_, more, tone, headline, help) => {
    const summary = backupSummary(testBackups(more))
    expect(summary).toMatchObject({ tone, headline, help })
  })

  test('says why, and when it is too old', () => {
    const plain = (more: Partial<Backups>): string => backupSummary(testBackups(more)).lines.join(' ').replaceAll('\u00a0', ' ')
    expect(plain({})).toContain('too old in 1 d 11 h')
    expect(plain({ backups: [BAD, testBackup()] })).toContain('A row is missing.')
    expect(plain({ backups: [UNVERIFIED, testBackup()] })).toBe(`${FRESH.id} was saved, but could not be verified: The volume is full.`)
    expect(plain({ is_directory_answering: false })).toMatch(/^\/var\/lib\/unoc\/backups is not responding\. The list shows its contents at /)
    expect(plain({ targets: [target('failing', 'refused')] })).toBe('Copying to nas failed: refused')
    expect(plain({ is_stale: true })).toContain('after 1 d 12 h')
    const verification = {
      at: '2026-11-25T03:00:08Z',
      kind: 'full' as const,
      is_ok: true,
      duration_ms: 1,
      message: 'Loading it into PostgreSQL failed: no room.',
      postgres: null,
      postgres_result: 'failed' as const,
    }
    expect(plain({ backups: [testBackup({ verification })] })).toContain('could not be verified in PostgreSQL: Loading it')
  })
})

describe('the summary with the runs', () => {
  const LATER = '2026-11-25T03:00:00Z'
  const EARLIER = '2026-11-25T02:00:00Z'

  test.each<[string, Partial<Backups>, Job, string, string | null]>([
    ['a good run', {}, job('ok', LATER), 'ok', null],
    ['a run failed', {}, job('failed', LATER), 'warning', 'backup'],
    ['a run was interrupted', {}, job('interrupted', LATER), 'warning', 'backup'],
    ['a run failed before the newest backup', {}, job('failed', EARLIER), 'ok', null],
    ['never one', { ...NO_VERIFIED_BACKUP, backups: [] }, job('failed', LATER), 'warning', 'backup'],
    ['all are gone', { ...NO_VERIFIED_BACKUP, backups: [] }, job('ok', EARLIER), 'error', 'backup'],
  ])('%s', (_, more, of, tone, help) => {
    expect(backupSummary(testBackups(more), of)).toMatchObject({ tone, help })
  })
})

describe('the figures', () => {
  function answer(name: RegExp, more: Partial<Backups>): string {
    const found = keyFigures(testBackups(more), NOW).find((each) => name.test(each.name))
    return `${found?.tone} ${found?.value}`.replaceAll('\u00a0', ' ')
  }

  test.each<[RegExp, Partial<Backups>, string]>([
    [/RPO/, {}, 'up 1 h'],
    [/RPO/, { is_stale: true }, 'down 1 h'],
    [/RPO/, { ...NO_VERIFIED_BACKUP, backups: [] }, 'degraded Everything'],
    [/RPO/, { ...NO_VERIFIED_BACKUP, backups: [BAD] }, 'down Everything'],
    [/RPO/, { backups: [GONE, OLDER] }, 'down 1 h'],
    [/RPO/, { backups: [GONE] }, 'down Everything'],
    [/RTO/, {}, 'up 0.3 s'],
    [/RTO/, NO_VERIFIED_BACKUP, 'up Unknown'],
    [/restore test/, {}, 'up 59 min ago'],
    [/restore test/, NO_VERIFIED_BACKUP, 'degraded Never'],
    [/Off/, {}, 'degraded No'],
    [/Off/, { targets: [target('ok')], backups: [testBackup({ copies: [copy('done')] })] }, 'up Yes'],
    [/Off/, { targets: [target('ok')], backups: [testBackup({ copies: [copy('pending')] })] }, 'minor Not yet'],
    [/Off/, { targets: [target('failing')], backups: [testBackup({ copies: [copy('failed')] })] }, 'degraded Not yet'],
    [
      /Off/,
      { targets: [target('ok'), target('failing')], backups: [testBackup({ copies: [copy('done'), copy('failed')] })] },
      'degraded 1 of 2 targets',
    ],
    [
      /Off/,
      { targets: [target('ok')], backups: [testBackup(), testBackup({ is_newest_verified: false, copies: [copy('done')] })] },
      'minor Only an older backup',
    ],
    [/Encrypted/, {}, 'up No'],
    [/Encrypted/, { encryption: { is_on: true, recipients: [] } }, 'minor Not yet'],
    [/Encrypted/, { encryption: { is_on: true, recipients: [] }, backups: [testBackup({ is_encrypted: true })] }, 'up Yes'],
  ])('%s', (name, more, expected) => {
    expect(answer(name, more)).toBe(expected)
  })
})
