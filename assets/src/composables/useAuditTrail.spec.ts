import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { effectScope, nextTick, shallowRef } from 'vue'
import { type AuditFilter, type AuditPage, fetchAuditPage } from '../api/audit'
import type { AuditRow } from '../api/types'
import { NO_AUDIT_FILTER } from '../domain/auditFilter'
import { changeCount } from '../live/feed'
import { useAuditTrail } from './useAuditTrail'

vi.mock('../api/audit', { spy: true })
vi.mock('../live/feed', async () => ({ changeCount: (await import('vue')).shallowRef(0) }))
const ask = vi.mocked(fetchAuditPage)

beforeEach(() => {
  vi.useFakeTimers()
  vi.stubGlobal('document', { visibilityState: 'visible' })
  ask.mockReset()
})
afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

function page(from: number, to: number, nextBefore: number | null = null): AuditPage {
  const rows = Array.from({ length: Math.max(0, from - to + 1) }, (_, index) => ({ id: from - index, changes: [], change_count: 0 }))
  return { rows: rows as unknown as AuditRow[], nextBefore }
}

async function open() {
  const filter = shallowRef<AuditFilter>(NO_AUDIT_FILTER)
  const scope = effectScope()
  const trail = scope.run(() => useAuditTrail(() => filter.value))
  if (trail === undefined) throw new Error('the scope has ended')
  await vi.advanceTimersByTimeAsync(0)
  return { filter, scope, trail, ids: () => trail.rows.value.map(({ id }) => id) }
}

test('new rows come before those that are there, older ones behind', async () => {
  ask.mockResolvedValueOnce(page(100, 51, 51))
  const { trail, ids, scope } = await open()
  expect(trail.ended.value).toBe(false)
  ask.mockResolvedValueOnce(page(50, 41))
  await trail.loadOlder()
  expect(ask).toHaveBeenLastCalledWith(50, 51, NO_AUDIT_FILTER)
  expect(trail.ended.value).toBe(true)
  ask.mockResolvedValueOnce(page(102, 53, 53))
  changeCount.value += 1
  await vi.advanceTimersByTimeAsync(1_000)
  expect(ids()).toEqual(page(102, 41).rows.map(({ id }) => id))
  expect(trail.ended.value).toBe(true)
  scope.stop()
})

test('logins are asked for now and then, as long as the page is open', async () => {
  ask.mockResolvedValue(page(3, 1))
  const { ids, scope } = await open()
  ask.mockResolvedValue(page(4, 1))
  await vi.advanceTimersByTimeAsync(15_000)
  expect(ids()).toEqual([4, 3, 2, 1])
  scope.stop()
  expect(vi.getTimerCount()).toBe(0)
})

test('another filter begins anew, and a late answer to the one before is not shown', async () => {
  let late: (found: AuditPage) => void = () => undefined
  ask.mockImplementationOnce(() => new Promise((done) => (late = done)))
  const { filter, trail, ids, scope } = await open()
  ask.mockResolvedValueOnce(page(2, 1))
  filter.value = { ...NO_AUDIT_FILTER, actor: 'ada' }
  await nextTick()
  await vi.advanceTimersByTimeAsync(0)
  late(page(9, 1))
  await vi.advanceTimersByTimeAsync(0)
  expect(ids()).toEqual([2, 1])
  expect(trail.busy.value).toBe(false)
  expect(ask).toHaveBeenLastCalledWith(50, null, { ...NO_AUDIT_FILTER, actor: 'ada' })
  scope.stop()
})

test('a failure keeps what is there', async () => {
  ask.mockResolvedValueOnce(page(2, 1))
  const { trail, ids, scope } = await open()
  ask.mockRejectedValueOnce(new Error('gone'))
  await trail.loadOlder()
  expect(trail.errorText.value).toMatch(/gone/)
  expect(ids()).toEqual([2, 1])
  scope.stop()
})

test('a search that found nothing yet goes on where it stopped', async () => {
  ask.mockResolvedValueOnce(page(0, 1, 80_000))
  const { trail, ids, scope } = await open()
  expect(trail.phase.value).toBe('ready')
  expect(trail.ended.value).toBe(false)
  ask.mockResolvedValueOnce(page(7, 7))
  await trail.loadOlder()
  expect(ask).toHaveBeenLastCalledWith(50, 80_000, NO_AUDIT_FILTER)
  expect(ids()).toEqual([7])
  // Nothing new does not take away what was found further back.
  ask.mockResolvedValueOnce(page(0, 1, 80_000))
  await trail.loadNew()
  expect(ids()).toEqual([7])
  expect(trail.ended.value).toBe(true)
  scope.stop()
})
