import { expect, test } from 'vitest'
import type { BackupHealth, HealthDetail } from '../api/types'
import { healthChecks } from './healthChecks'

const NOW = Date.parse('2026-11-25T03:15:00Z')
const NONE: BackupHealth = { restorable_as_of: null, rpo_s: null, is_stale: false, postgres_failure: null, unverified: null, target_failure: null }
const SOME: BackupHealth = { restorable_as_of: '2026-11-25T02:15:00Z', rpo_s: 3_600, is_stale: false, postgres_failure: null, unverified: null, target_failure: null }

function health(backup: BackupHealth): HealthDetail {
  return {
    status: 'healthy',
    version: '0.2.0',
    site_id: '',
    seq: 1,
    engine: { is_alive: true },
    volume: { directory: '/var/lib/unoc', free_bytes: 50, total_bytes: 100, min_free_bytes: 1, is_writable: true },
    store: { device_count: 0, interface_count: 0, link_count: 0, dirty_count: 0 },
    sync: { state: 'off', behind_s: 0 },
    backup,
    checks: [],
  }
}

function remedyOf(backup: BackupHealth): string | null | undefined {
  return healthChecks(health(backup), null, null, NOW).find(({ name }) => name === 'Backups')?.remedy
}

test('each thing that is wrong with the backups has its remedy, what an older server does not say has none', () => {
  const now = 'Back up now. The backup is verified immediately afterwards.'
  expect(remedyOf(SOME)).toBeNull()
  expect(remedyOf({ ...SOME, is_stale: true, target_failure: 'keys.env is missing' })).toBe(`keys.env is missing. ${now}`)
  expect(remedyOf({ ...SOME, unverified: 'No room.', postgres_failure: 'No rights' })).toBe('No room. No rights.')
  expect(remedyOf({ restorable_as_of: null, rpo_s: null, is_stale: false } as BackupHealth)).toBe(now)
})

test.each<[string, BackupHealth, string]>([
  ['one is recent', SOME, 'up OK'],
  ['it is too old', { ...SOME, is_stale: true }, 'down Too old'],
  ['PostgreSQL broke off', { ...SOME, postgres_failure: 'no room' }, 'degraded PostgreSQL failed'],
  ['the newest is not verified', { ...SOME, unverified: 'unoc_x: no room', postgres_failure: 'x' }, 'degraded Newest not verified'],
  ['a target is not set up', { ...SOME, target_failure: 'keys.env is missing' }, 'degraded Target not set up'],
  ['none yet', NONE, 'degraded None verified'],
  ['none for too long', { ...NONE, is_stale: true }, 'down None verified'],
])('backups: %s', (_, backup, expected) => {
  const check = healthChecks(health(backup), null, 129_600, NOW).find(({ name }) => name === 'Backups')
  expect(`${check?.tone} ${check?.word}`).toBe(expected)
  expect(check?.to?.path).toBe('/operations/backups')
  expect(check?.threshold.replaceAll('\u00a0', ' ')).toBe('too old after 1 d 12 h')
})
