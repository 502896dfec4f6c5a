import { beforeEach, expect, test, vi } from 'vitest'
import { effectScope, nextTick, shallowRef } from 'vue'
import { ApiError } from '../api/http'
import { fetchIncidentPage } from '../api/incidents'
import type { Incident } from '../api/types'
import type { IncidentState } from '../domain/incidents'
import { incidents } from '../stores/incidents'
import { INCIDENTS_STEP, useIncidentList } from './useIncidentList'

vi.mock('../api/incidents')
const ask = vi.mocked(fetchIncidentPage)
/** What the server has. */
const COUNT = 1_300

beforeEach(() => {
  ask.mockReset().mockImplementation((_, limit, after) => {
    const from = Number(after ?? 0)
    const ids = Array.from({ length: Math.min(limit, COUNT - from) }, (_each, at) => from + at)
    const next = from + ids.length
    const incidents = ids.map((id) => ({ id }) as Incident)
    return Promise.resolve({
      answer: { open_count: COUNT, acknowledged_count: 0, incidents },
      next: next < COUNT ? String(next) : null,
    })
  })
})

async function open(state: () => IncidentState) {
  const scope = effectScope()
  const list = scope.run(() => useIncidentList(state))
  if (list === undefined) throw new Error('the scope is active')
  await vi.waitFor(() => expect(list.list.value.phase).not.toBe('loading'))
  return { ...list, scope }
}

test('it is loaded again when an incident changes or another state is chosen', async () => {
  const state = shallowRef<IncidentState>('open')
  const { list, scope } = await open(() => state.value)
  expect(ask).toHaveBeenLastCalledWith('open', INCIDENTS_STEP, null)
  incidents.value = { phase: 'ready', count: 1, list: [], errorText: null }
  await vi.waitFor(() => expect(ask).toHaveBeenCalledTimes(2))
  state.value = 'closed'
  await nextTick()
  expect(list.value.phase).toBe('loading')
  await vi.waitFor(() => expect(list.value.phase).toBe('ready'))
  expect(ask).toHaveBeenLastCalledWith('closed', INCIDENTS_STEP, null)
  scope.stop()
})

test('more are shown until all are, page by page', async () => {
  const { list, showMore, scope } = await open(() => 'closed')
  const count = () => (list.value.phase === 'ready' ? list.value.answer.incidents.length : 0)
  for (const shown of [50, 100, 200, 400, 800]) {
    expect(count()).toBe(shown)
    expect(list.value).toMatchObject({ phase: 'ready', hasMore: true })
    await showMore()
  }
  expect(list.value).toMatchObject({ phase: 'ready', hasMore: false })
  const ids = list.value.phase === 'ready' ? list.value.answer.incidents.map(({ id }) => id) : []
  expect(ids).toEqual(Array.from({ length: COUNT }, (_, id) => id))
  expect(ask.mock.calls.slice(-3).map(([, limit, after]) => [limit, after])).toEqual([
    [500, null],
    [500, '500'],
    [500, '1000'],
  ])
  scope.stop()
})

test('an error keeps what is shown', async () => {
  ask.mockRejectedValueOnce(new ApiError(0, 'The server does not respond.'))
  const { list, reload, scope } = await open(() => 'open')
  expect(list.value).toEqual({ phase: 'failed', errorText: 'The server does not respond.' })
  await reload()
  ask.mockRejectedValueOnce(new ApiError(0, 'The server does not respond.'))
  await reload()
  expect(list.value).toMatchObject({ phase: 'ready', errorText: 'The server does not respond.' })
  scope.stop()
})
