import { expect, test } from 'vitest'
import type { SyncStatus } from '../api/sync'
import type { HealthDetail } from '../api/types'
import { healthChip, syncChip } from './chips'

const asked = { problem: null, at: 1 }

function sync(more: Partial<SyncStatus>): SyncStatus {
  return { state: 'live', behind_s: 0.4, dirty_count: 0, message: 'm', ...more } as SyncStatus
}

test.each<[SyncStatus | null, string, string]>([
  [null, 'calm', 'Off'],
  [sync({ state: 'off' }), 'calm', 'Off'],
  [sync({}), 'calm', 'In step'],
  [sync({ dirty_count: 3 }), 'calm', '0.4\u00a0s behind'],
  [sync({ dirty_count: 3, behind_s: 90 }), 'warn', '1\u00a0min behind'],
  [sync({ state: 'waiting', behind_s: 12 }), 'warn', '12\u00a0s behind'],
  [sync({ state: 'stopped' }), 'bad', 'Stopped'],
  [sync({ state: 'loading' }), 'calm', 'Connecting'],
])('sync %j is %s, %s', (value, tone, word) => {
  expect(syncChip({ ...asked, value })).toMatchObject({ tone, word })
})

test('what is not known is never calm', () => {
  expect(syncChip({ value: sync({}), problem: 'no answer', at: 1 }).tone).toBe('unknown')
  expect(syncChip({ value: null, problem: null, at: null }).tone).toBe('unknown')
  const healthy = { status: 'healthy' } as HealthDetail
  expect(healthChip({ value: healthy, problem: 'no answer', at: 1 }).tone).toBe('unknown')
  expect(healthChip({ value: healthy, ...asked })).toMatchObject({ tone: 'calm', word: 'Healthy' })
  const degraded = { status: 'degraded' } as HealthDetail
  expect(healthChip({ value: degraded, ...asked }).tone).toBe('warn')
})
