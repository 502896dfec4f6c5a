import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { fetchProblems } from '../api/problems'

vi.mock('../api/problems')
const ask = vi.mocked(fetchProblems)

beforeEach(() => {
  vi.useFakeTimers()
  vi.resetModules()
  ask.mockReset().mockResolvedValue({ count: 9, planned_count: 7, problems: [] })
})
afterEach(() => vi.useRealTimers())

test('a storm of changes asks once per pause, and once more at its end', async () => {
  const { problems, scheduleProblems } = await import('./problems')
  for (let batch = 0; batch < 10; batch += 1) scheduleProblems()
  expect(ask).not.toHaveBeenCalled()
  await vi.advanceTimersByTimeAsync(300)
  expect(ask).toHaveBeenCalledTimes(1)
  expect(problems.value).toEqual({ phase: 'ready', count: 9, openCount: 2, list: [], errorText: null })
  await vi.advanceTimersByTimeAsync(10_000)
  expect(ask).toHaveBeenCalledTimes(1)
})

test('a change during a question asks again', async () => {
  const { loadProblems, scheduleProblems } = await import('./problems')
  const first = loadProblems()
  scheduleProblems()
  await first
  await vi.advanceTimersByTimeAsync(300)
  expect(ask).toHaveBeenCalledTimes(2)
})

test('an error keeps the list, is shown and is retried', async () => {
  const { loadProblems, problems } = await import('./problems')
  const { ApiError } = await import('../api/http')
  await loadProblems()
  ask.mockRejectedValueOnce(new ApiError(0, 'The server does not respond.'))
  await loadProblems()
  expect(problems.value).toMatchObject({ phase: 'ready', errorText: 'The server does not respond.' })
  await vi.advanceTimersByTimeAsync(5_000)
  expect(problems.value).toMatchObject({ phase: 'ready', errorText: null })
})
