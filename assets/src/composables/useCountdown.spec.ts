import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { effectScope } from 'vue'
import { useCountdown } from './useCountdown'

beforeEach(() => vi.useFakeTimers())
afterEach(() => vi.useRealTimers())

test('it counts down to zero by the clock, and ends with its component', () => {
  const scope = effectScope()
  const countdown = scope.run(useCountdown)
  countdown?.start(3)
  expect(countdown?.secondsLeft.value).toBe(3)
  vi.advanceTimersByTime(1_000)
  expect(countdown?.secondsLeft.value).toBe(2)
  countdown?.start(10)
  expect(countdown?.secondsLeft.value).toBe(10)
  vi.advanceTimersByTime(20_000)
  expect(countdown?.secondsLeft.value).toBe(0)
  expect(vi.getTimerCount()).toBe(0)
  countdown?.start(5)
  scope.stop()
  expect(vi.getTimerCount()).toBe(0)
})
