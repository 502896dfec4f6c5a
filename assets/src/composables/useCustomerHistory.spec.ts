import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { effectScope, nextTick, shallowRef } from 'vue'
import { fetchCustomerHistory } from '../api/history'
import { ApiError } from '../api/http'
import type { CustomerHistory } from '../api/types'
import { HISTORY_RANGES, type HistoryRange } from '../domain/customerHistory'
import { useCustomerHistory } from './useCustomerHistory'

vi.mock('../api/history')
const ask = vi.mocked(fetchCustomerHistory)
const [DAY, WEEK] = HISTORY_RANGES

beforeEach(() => {
  vi.useFakeTimers()
  vi.stubGlobal('document', { visibilityState: 'visible' })
  ask.mockReset().mockImplementation((hours) => Promise.resolve({ point_s: hours } as CustomerHistory))
})
afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

function open(range: () => HistoryRange) {
  const scope = effectScope()
  const history = scope.run(() => useCustomerHistory(range))
  if (history === undefined) throw new Error('the scope is active')
  return { ...history, scope }
}

test('it is loaded again each minute, and at once for another range', async () => {
  const range = shallowRef<HistoryRange>(DAY)
  const { state, scope } = open(() => range.value)
  await vi.waitFor(() => expect(state.value).toMatchObject({ phase: 'ready', history: { point_s: 24 } }))
  await vi.advanceTimersByTimeAsync(60_000)
  expect(ask).toHaveBeenCalledTimes(2)
  let resolve: (answer: CustomerHistory) => void = () => {}
  ask.mockReturnValueOnce(new Promise((resolved) => (resolve = resolved)))
  range.value = WEEK
  await nextTick()
  expect(state.value).toMatchObject({ history: { point_s: 24 }, range: DAY })
  resolve({ point_s: 168 } as CustomerHistory)
  await vi.waitFor(() => expect(state.value).toMatchObject({ history: { point_s: 168 }, range: WEEK }))
  scope.stop()
  await vi.advanceTimersByTimeAsync(600_000)
  expect(ask).toHaveBeenCalledTimes(3)
})

test('an error keeps what is shown', async () => {
  const { state, reload, scope } = open(() => DAY)
  await vi.waitFor(() => expect(state.value.phase).toBe('ready'))
  ask.mockRejectedValueOnce(new ApiError(0, 'The server does not respond.'))
  await reload()
  expect(state.value).toMatchObject({ phase: 'ready', errorText: 'The server does not respond.' })
  scope.stop()
})
