import { expect, test } from 'vitest'
import type { Problem, Status } from '../api/types'
import { problemOverride } from './overrides'

const cut: Problem = {
  kind: 'link',
  id: 10,
  name: 'ODF-1 - SPL-1',
  place: 'POP West',
  problem: 'held',
  severity: 'critical',
  override_reason: 'digger',
  since: '2026-11-23T10:00:00.000000Z',
  device_count: 13,
  leaf_count: 12,
  device_ids: [11],
}

test.each<[Partial<Problem>, Status | undefined]>([
  [{}, 'DOWN'],
  [{ severity: 'major' }, 'DEGRADED'],
  [{ kind: 'device', problem: 'conflict', severity: 'minor' }, 'UP'],
  [{ problem: 'no_upstream' }, undefined],
  [{ kind: 'weather' }, undefined],
])('%o', (more, status) => {
  expect(problemOverride({ ...cut, ...more })?.status).toBe(status)
})
