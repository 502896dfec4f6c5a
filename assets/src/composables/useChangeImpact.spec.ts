import { effectScope, nextTick, shallowRef } from 'vue'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { simulate } from '../api/simulate'
import type { Simulated } from '../api/types'
import { testDevice, testSimulated } from '../domain/testing'
import { type ChangeImpact, useChangeImpact } from './useChangeImpact'

vi.mock('../api/simulate')

beforeEach(() => vi.useFakeTimers())
afterEach(() => vi.useRealTimers())

/** The answer of a server where this many subscribers go DOWN. */
function outage(count: number): Simulated {
  const devices = Array.from({ length: count }, (_, id) => ({
    id,
    before: testDevice({ id }),
    after: testDevice({ id, effective_status: 'DOWN' }),
  }))
  return testSimulated({ device_count: count, devices })
}

function forecast(more: Partial<Parameters<typeof useChangeImpact>[0]> = {}): ChangeImpact {
  const steps = () => [{ op: 'delete_link', link_id: 1 } as { op: string }]
  return effectScope().run(() => useChangeImpact({ steps, isUnderWay: () => false, phrase: 'OLT-1 – ODF-1', ...more }))!
}

async function answered(): Promise<void> {
  await vi.runAllTimersAsync()
  await nextTick()
}

test('a small effect is confirmed by the button, once it is shown', async () => {
  vi.mocked(simulate).mockResolvedValue(outage(3))
  const change = forecast()
  expect(change.isConfirmed.value).toBe(false)
  await answered()
  expect(change.impact.value?.subscribersLost).toBe(3)
  expect(change.isTyped.value).toBe(false)
  expect(change.isConfirmed.value).toBe(true)
})

test('a large effect is confirmed by typing the name; a hyphen will do for its dash', async () => {
  vi.mocked(simulate).mockResolvedValue(outage(64))
  const change = forecast()
  await answered()
  expect(change.isTyped.value).toBe(true)
  expect(change.isConfirmed.value).toBe(false)
  change.typed.value = 'OLT-1 - ODF-2'
  expect(change.isConfirmed.value).toBe(false)
  change.typed.value = ' OLT-1 - ODF-1'
  expect(change.isConfirmed.value).toBe(true)
})

test('an effect that cannot be calculated blocks nothing', async () => {
  vi.mocked(simulate).mockRejectedValue(new Error('away'))
  const change = forecast()
  await answered()
  expect(change.preview.value.phase).toBe('failed')
  expect(change.isConfirmed.value).toBe(true)
})

test('a large answer is requested only by a person, and until then the name is typed', async () => {
  vi.mocked(simulate).mockClear().mockResolvedValue(outage(1))
  const change = forecast({ isLarge: () => true })
  await answered()
  expect(simulate).not.toHaveBeenCalled()
  expect(change.isTyped.value).toBe(true)
  change.request()
  await nextTick()
  await answered()
  expect(simulate).toHaveBeenCalledTimes(1)
  expect(change.isTyped.value).toBe(false)
})

test('equal steps are simulated once, others again', async () => {
  vi.mocked(simulate).mockClear().mockResolvedValue(outage(1))
  const linkId = shallowRef(1)
  const redrawn = shallowRef(0)
  forecast({ steps: () => [{ op: 'delete_link', link_id: linkId.value, at: redrawn.value && 0 } as { op: string }] })
  await answered()
  redrawn.value = 1
  await nextTick()
  await answered()
  expect(simulate).toHaveBeenCalledTimes(1)
  linkId.value = 2
  await nextTick()
  await answered()
  expect(simulate).toHaveBeenCalledTimes(2)
})

test('a change that is being made is not forecast, and what is shown of it stays', async () => {
  vi.mocked(simulate).mockClear().mockResolvedValue(outage(3))
  const [linkId, isUnderWay] = [shallowRef(1), shallowRef(false)]
  const steps = () => [{ op: 'delete_link', link_id: linkId.value } as { op: string }]
  const change = forecast({ steps, isUnderWay: () => isUnderWay.value })
  // Sent before the forecast was requested: the pause after typing goes on.
  isUnderWay.value = true
  await answered()
  expect([vi.mocked(simulate).mock.calls.length, change.preview.value.phase]).toEqual([0, 'idle'])
  isUnderWay.value = false
  await nextTick()
  await answered()
  expect(change.impact.value?.subscribersLost).toBe(3)
  // What has been sent changes what the dialog would ask.
  isUnderWay.value = true
  linkId.value = 2
  await nextTick()
  await answered()
  expect(vi.mocked(simulate).mock.calls.length).toBe(1)
  expect(change.impact.value?.subscribersLost).toBe(3)
  isUnderWay.value = false
  await nextTick()
  await answered()
  expect(vi.mocked(simulate).mock.calls.length).toBe(2)
})

test('a change of more than 2,000 things is forecast by its counts', async () => {
  const effects = { ...testSimulated().effects, devices_down: 2_400, subscribers_lost: 2_300 }
  const counted = testSimulated({ device_count: 2_400, effects })
  vi.mocked(simulate).mockClear().mockResolvedValue(counted)
  const change = forecast({ count: 2_001 })
  forecast({ count: 2_000 })
  await answered()
  expect(vi.mocked(simulate).mock.calls.map(([, details]) => details)).toEqual([false, true])
  expect(change.impact.value).toMatchObject({ isCountsOnly: true, subscribersLost: 2_300 })
  expect(change.isTyped.value).toBe(true)
})
