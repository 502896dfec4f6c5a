import { beforeEach, expect, test, vi } from 'vitest'
import { effectScope, nextTick, shallowRef } from 'vue'
import { ApiError } from '../api/http'
import { type Cause, fetchCustomers, fetchProblem } from '../api/problems'
import type { ProblemDetail } from '../api/types'
import { problems } from '../stores/problems'
import { CUSTOMERS_STEP, useProblem } from './useProblem'

vi.mock('../api/problems')
const askProblem = vi.mocked(fetchProblem)
const askCustomers = vi.mocked(fetchCustomers)

beforeEach(() => {
  askProblem.mockReset().mockImplementation(({ id }) => Promise.resolve({ id, name: `SPL-${id}` } as ProblemDetail))
  askCustomers.mockReset().mockResolvedValue([])
})

async function open(cause: () => Cause) {
  const scope = effectScope()
  const problem = scope.run(() => useProblem(cause))
  if (problem === undefined) throw new Error('the scope is active')
  await vi.waitFor(() => expect(problem.page.value.phase).not.toBe('loading'))
  return { ...problem, scope }
}

/** The list of problems was loaded again. */
function reloadList(): void {
  problems.value = { phase: 'ready', count: 1, openCount: 1, list: [], errorText: null }
}

test('it is loaded again with the list, and another one when the address changes', async () => {
  const cause = shallowRef<Cause>({ kind: 'device', id: 7 })
  const { page, scope } = await open(() => cause.value)
  expect(page.value).toMatchObject({ phase: 'ready', detail: { id: 7 } })
  reloadList()
  await vi.waitFor(() => expect(askProblem).toHaveBeenCalledTimes(2))
  cause.value = { kind: 'link', id: 9 }
  await nextTick()
  expect(page.value.phase).toBe('loading')
  await vi.waitFor(() => expect(page.value).toMatchObject({ phase: 'ready', detail: { id: 9 } }))
  scope.stop()
})

test('when it is over, its name stays', async () => {
  const { page, reload, scope } = await open(() => ({ kind: 'device', id: 7 }))
  askProblem.mockRejectedValue(new ApiError(404, 'It is over.'))
  await reload()
  expect(page.value).toEqual({ phase: 'over', name: 'SPL-7' })
  await reload()
  expect(page.value).toEqual({ phase: 'over', name: 'SPL-7' })
  scope.stop()
})

test('an error keeps what is shown', async () => {
  const { page, reload, scope } = await open(() => ({ kind: 'device', id: 7 }))
  askCustomers.mockRejectedValueOnce(new ApiError(0, 'The server does not respond.'))
  await reload()
  expect(page.value).toMatchObject({ phase: 'ready', errorText: 'The server does not respond.' })
  scope.stop()
})

test('more customers stay shown when it is loaded again', async () => {
  const { reload, showCustomers, scope } = await open(() => ({ kind: 'device', id: 7 }))
  expect(askCustomers).toHaveBeenLastCalledWith({ kind: 'device', id: 7 }, CUSTOMERS_STEP)
  await showCustomers(250)
  await reload()
  expect(askCustomers).toHaveBeenLastCalledWith({ kind: 'device', id: 7 }, 250)
  scope.stop()
})
