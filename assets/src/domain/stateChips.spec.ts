import { expect, test } from 'vitest'
import type { BackupHealth, HealthDetail, SyncStatus } from '../api/types'
import { healthChip, syncChip } from './stateChips'

const asked = { errorText: null, at: 1 }

function sync(more: Partial<SyncStatus>): SyncStatus {
  return { state: 'live', behind_s: 0.4, dirty_count: 0, message: 'm', ...more } as SyncStatus
}

test.each<[SyncStatus | null, string, string]>([
  [null, 'ok', 'Off'],
  [sync({ state: 'off' }), 'ok', 'Off'],
  [sync({}), 'ok', 'Up to date'],
  [sync({ dirty_count: 3 }), 'ok', '0.4\u00a0s behind'],
  [sync({ dirty_count: 3, behind_s: 90 }), 'warning', '1\u00a0min behind'],
  [sync({ state: 'waiting', behind_s: 12 }), 'warning', '12\u00a0s behind'],
  [sync({ state: 'stopped' }), 'error', 'Stopped'],
  [sync({ state: 'loading' }), 'ok', 'Connecting'],
])('sync %j is %s, %s', (value, tone, word) => {
  expect(syncChip({ ...asked, value })).toMatchObject({ tone, word })
})

test('what is not known is never calm', () => {
  expect(syncChip({ value: sync({}), errorText: 'no answer', at: 1 }).tone).toBe('unknown')
  expect(syncChip({ value: null, errorText: null, at: null }).tone).toBe('unknown')
  const healthy = { status: 'healthy' } as HealthDetail
  expect(healthChip({ value: healthy, errorText: 'no answer', at: 1 }).tone).toBe('unknown')
  expect(healthChip({ value: healthy, ...asked })).toMatchObject({ tone: 'ok', word: 'Healthy' })
  const degraded = { status: 'degraded' } as HealthDetail
  expect(healthChip({ value: degraded, ...asked }).tone).toBe('warning')
})

const VERIFIED: BackupHealth = {
  restorable_as_of: '2026-11-28T02:15:00Z',
  rpo_s: 60,
  is_stale: false,
  postgres_failure: null,
  target_failure: null,
  unverified: null,
}
const NEVER: BackupHealth = { ...VERIFIED, restorable_as_of: null, rpo_s: null }

test.each<[string, Partial<HealthDetail>, string, string, string]>([
  ['all is fine', {}, 'ok', 'Healthy', 'All checks passed'],
  ['no backup was ever verified', { backup: NEVER }, 'warning', 'No verified backup', 'No verified backup.'],
  [
    'nor for so long that the server counts it',
    { status: 'degraded', backup: { ...NEVER, is_stale: true } },
    'warning',
    'No verified backup',
    'No verified backup.',
  ],
  [
    'a backup is too old',
    { status: 'degraded', backup: { ...VERIFIED, is_stale: true } },
    'warning',
    'Degraded',
    'The newest verified backup is too old.',
  ],
  [
    'the newest backup is not verified',
    { status: 'degraded', backup: { ...VERIFIED, unverified: 'unoc_20261128_021500' } },
    'warning',
    'Degraded',
    'The newest backup is not verified.',
  ],
  [
    'the sync is stopped too',
    { status: 'degraded', backup: NEVER, sync: { state: 'stopped', behind_s: 9 } },
    'warning',
    'Degraded',
    'Sync is stopped. No verified backup.',
  ],
  ['writes are refused', { status: 'unhealthy', backup: NEVER }, 'error', 'Unhealthy', 'No verified backup.'],
])('health: %s', (_, more, tone, word, hint) => {
  const value = { status: 'healthy', backup: VERIFIED, ...more } as HealthDetail
  expect(healthChip({ ...asked, value })).toEqual({ tone, word, hint })
})
