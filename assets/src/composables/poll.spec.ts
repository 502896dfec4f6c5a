import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { effectScope } from 'vue'
import { poll } from './poll'

vi.mock('../live/feed', async () => {
  const { shallowRef } = await import('vue')
  return { connection: shallowRef('live') }
})

const PAUSE_MS = 10_000

beforeEach(() => {
  vi.useFakeTimers()
  vi.stubGlobal('document', { visibilityState: 'visible' })
})

afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

test('a store requests again after each response', async () => {
  const ask = vi.fn(() => Promise.resolve(1))
  poll(ask, () => PAUSE_MS)
  await vi.advanceTimersByTimeAsync(2.5 * PAUSE_MS)
  expect(ask).toHaveBeenCalledTimes(3)
})

test('a component that is gone requests nothing more, not even after a response that was under way', async () => {
  let answer: (value: number) => void = () => undefined
  const ask = vi.fn(() => new Promise<number>((resolve) => (answer = resolve)))
  const scope = effectScope()
  scope.run(() => poll(ask, () => PAUSE_MS))
  answer(1)
  await vi.advanceTimersByTimeAsync(PAUSE_MS)
  expect(ask).toHaveBeenCalledTimes(2)
  scope.stop()
  answer(2)
  await vi.advanceTimersByTimeAsync(5 * PAUSE_MS)
  expect(ask).toHaveBeenCalledTimes(2)
})
