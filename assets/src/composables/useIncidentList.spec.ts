import { beforeEach, expect, test, vi } from 'vitest'
import { effectScope, nextTick, shallowRef } from 'vue'
import { ApiError } from '../api/http'
import { fetchIncidents } from '../api/incidents'
import type { Incident } from '../api/types'
import type { IncidentState } from '../domain/incidents'
import { incidents } from '../stores/incidents'
import { INCIDENTS_STEP, useIncidentList } from './useIncidentList'

vi.mock('../api/incidents')
const ask = vi.mocked(fetchIncidents)

beforeEach(() => {
  ask.mockReset().mockImplementation((_, limit) =>
    Promise.resolve({
      open_count: limit,
      acknowledged_count: 0,
      incidents: Array.from({ length: limit }, (_each, id) => ({ id }) as Incident),
    }),
  )
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
  expect(ask).toHaveBeenLastCalledWith('open', INCIDENTS_STEP)
  incidents.value = { phase: 'ready', count: 1, list: [], errorText: null }
  await vi.waitFor(() => expect(ask).toHaveBeenCalledTimes(2))
  state.value = 'closed'
  await nextTick()
  expect(list.value.phase).toBe('loading')
  await vi.waitFor(() => expect(list.value.phase).toBe('ready'))
  expect(ask).toHaveBeenLastCalledWith('closed', INCIDENTS_STEP)
  scope.stop()
})

test('more are shown until all are', async () => {
  const { list, showMore, scope } = await open(() => 'closed')
  expect(list.value).toMatchObject({ phase: 'ready', hasMore: true })
  for (let more = 0; more < 5; more += 1) await showMore()
  expect(ask).toHaveBeenLastCalledWith('closed', 500)
  expect(list.value).toMatchObject({ phase: 'ready', hasMore: false })
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
