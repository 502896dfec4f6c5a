import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { effectScope, nextTick, shallowRef } from 'vue'
import { ApiError } from '../api/http'
import { testDevice } from '../domain/testing'
import { useDeviceQuery } from './useDeviceQuery'

const ask = vi.fn<(id: number) => Promise<string>>()
const page = { visibilityState: 'visible' }

beforeEach(() => {
  vi.useFakeTimers()
  page.visibilityState = 'visible'
  vi.stubGlobal('document', page)
  ask.mockReset().mockImplementation((id) => Promise.resolve(`answer ${ask.mock.calls.length} of ${id}`))
})
afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

function open(repeatMs?: number) {
  const device = shallowRef(testDevice({ id: 1 }))
  const scope = effectScope()
  const query = scope.run(() => useDeviceQuery(() => device.value, () => true, ask, repeatMs))
  if (query === undefined) throw new Error('the scope is active')
  return { ...query, device, scope }
}

test('it is loaded again when the device changes, and from the beginning for another device', async () => {
  const { state, device, scope } = open()
  await vi.advanceTimersByTimeAsync(0)
  expect(state.value).toMatchObject({ phase: 'ready', value: 'answer 1 of 1' })
  device.value = testDevice({ id: 1, name: 'new' })
  await vi.advanceTimersByTimeAsync(1_000)
  expect(state.value).toMatchObject({ value: 'answer 2 of 1' })
  let resolve: (answer: string) => void = () => {}
  ask.mockReturnValueOnce(new Promise((resolved) => (resolve = resolved)))
  device.value = testDevice({ id: 2 })
  await nextTick()
  expect(state.value.phase).toBe('loading')
  resolve('another')
  await vi.advanceTimersByTimeAsync(600_000)
  expect(state.value).toMatchObject({ value: 'another' })
  expect(ask.mock.calls).toEqual([[1], [1], [2]])
  scope.stop()
})

test('what depends on the time is loaded again while the page is visible, and survives a failure', async () => {
  const { state, scope } = open(60_000)
  await vi.advanceTimersByTimeAsync(60_000)
  expect(state.value).toMatchObject({ phase: 'ready', value: 'answer 2 of 1', errorText: null })
  ask.mockRejectedValueOnce(new ApiError(0, 'The server does not respond.'))
  await vi.advanceTimersByTimeAsync(60_000)
  expect(state.value).toMatchObject({ value: 'answer 2 of 1', errorText: 'The server does not respond.' })
  page.visibilityState = 'hidden'
  await vi.advanceTimersByTimeAsync(600_000)
  expect(ask).toHaveBeenCalledTimes(3)
  page.visibilityState = 'visible'
  await vi.advanceTimersByTimeAsync(60_000)
  expect(state.value).toMatchObject({ value: 'answer 4 of 1', errorText: null })
  scope.stop()
  await vi.advanceTimersByTimeAsync(600_000)
  expect(ask).toHaveBeenCalledTimes(4)
})
