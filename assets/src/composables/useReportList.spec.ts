import { beforeEach, expect, test, vi } from 'vitest'
import { effectScope, nextTick, shallowRef } from 'vue'
import { ApiError } from '../api/http'
import { fetchReports } from '../api/reports'
import type { Jobs, ReportHead, ReportKind } from '../api/types'
import { jobs } from '../stores/jobs'
import { REPORTS_STEP, useReportList } from './useReportList'

vi.mock('../api/reports')
vi.mock('../api/jobs', () => ({ fetchJobs: () => Promise.resolve(null) }))
const ask = vi.mocked(fetchReports)
/** What the server has. */
const COUNT = 120

beforeEach(() => {
  ask.mockReset().mockImplementation((_, limit, before) => {
    const newest = (before ?? COUNT + 1) - 1
    const ids = Array.from({ length: Math.min(limit, newest) }, (_each, at) => newest - at)
    return Promise.resolve(ids.map((id) => ({ id }) as ReportHead))
  })
})

async function open(kind: () => ReportKind | null) {
  const scope = effectScope()
  const list = scope.run(() => useReportList(kind))
  if (list === undefined) throw new Error('the scope is active')
  await vi.waitFor(() => expect(list.list.value.phase).not.toBe('loading'))
  return { ...list, scope }
}

test('more are shown until all are', async () => {
  const { list, showMore, scope } = await open(() => null)
  const ids = () => (list.value.phase === 'ready' ? list.value.reports.map(({ id }) => id) : [])
  expect(ids()).toHaveLength(REPORTS_STEP)
  await showMore()
  expect(list.value).toMatchObject({ phase: 'ready', hasMore: true })
  await showMore()
  expect(list.value).toMatchObject({ phase: 'ready', hasMore: false })
  expect(ids()).toEqual(Array.from({ length: COUNT }, (_, at) => COUNT - at))
  scope.stop()
})

test('it is loaded again for another kind and after a run', async () => {
  const kind = shallowRef<ReportKind | null>(null)
  const { list, scope } = await open(() => kind.value)
  kind.value = 'capacity'
  await nextTick()
  expect(list.value.phase).toBe('loading')
  await vi.waitFor(() => expect(list.value.phase).toBe('ready'))
  expect(ask).toHaveBeenLastCalledWith('capacity', REPORTS_STEP, null)
  const runAt = (endedAt: string) => ({ jobs: [{ name: 'capacity', running: null, runs: [{ ended_at: endedAt }] }] }) as unknown as Jobs
  jobs.put(runAt('a'))
  await nextTick()
  const before = ask.mock.calls.length
  jobs.put(runAt('b'))
  await vi.waitFor(() => expect(ask.mock.calls.length).toBeGreaterThan(before))
  scope.stop()
})

test('an error keeps what is shown', async () => {
  const { list, reload, scope } = await open(() => null)
  ask.mockRejectedValue(new ApiError(503, 'The service is stopping.'))
  await reload()
  expect(list.value).toMatchObject({ phase: 'ready', errorText: 'The service is stopping.' })
  scope.stop()
})
