import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { effectScope, nextTick, shallowRef } from 'vue'
import { fetchCustomerHistory } from '../api/history'
import { ApiError } from '../api/http'
import type { CustomerHistory } from '../api/types'
import { useCustomerHistory } from './useCustomerHistory'

vi.mock('../api/history')
const ask = vi.mocked(fetchCustomerHistory)

beforeEach(() => {
  vi.useFakeTimers()
  vi.stubGlobal('document', { visibilityState: 'visible' })
  ask.mockReset().mockImplementation((hours) => Promise.resolve({ point_s: hours } as CustomerHistory))
})
afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

function open(hours: () => number) {
  const scope = effectScope()
  const history = scope.run(() => useCustomerHistory(hours))
  if (history === undefined) throw new Error('the scope is active')
  return { ...history, scope }
}

test('it is loaded again each minute, and at once for another range', async () => {
  const hours = shallowRef(24)
  const { state, scope } = open(() => hours.value)
  await vi.waitFor(() => expect(state.value).toMatchObject({ phase: 'ready', history: { point_s: 24 } }))
  await vi.advanceTimersByTimeAsync(60_000)
  expect(ask).toHaveBeenCalledTimes(2)
  hours.value = 168
  await nextTick()
  await vi.waitFor(() => expect(state.value).toMatchObject({ history: { point_s: 168 } }))
  scope.stop()
  await vi.advanceTimersByTimeAsync(600_000)
  expect(ask).toHaveBeenCalledTimes(3)
})

test('an error keeps what is shown', async () => {
  const { state, reload, scope } = open(() => 24)
  await vi.waitFor(() => expect(state.value.phase).toBe('ready'))
  ask.mockRejectedValueOnce(new ApiError(0, 'The server does not respond.'))
  await reload()
  expect(state.value).toMatchObject({ phase: 'ready', errorText: 'The server does not respond.' })
  scope.stop()
})
