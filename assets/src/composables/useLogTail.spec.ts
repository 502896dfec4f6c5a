import { beforeEach, expect, test, vi } from 'vitest'
import { effectScope, nextTick, reactive } from 'vue'
import type { LogFilter } from '../api/logs'
import type { LogLine, LogPage } from '../api/types'
import { NO_FILTER } from '../domain/logLines'
import type { LogListener } from '../live/socket'
import { type LogTail, useLogTail } from './useLogTail'

const fetchLogs = vi.hoisted(() => vi.fn<(filter: LogFilter, limit: number, before: number | null) => Promise<LogPage>>())
vi.mock('../api/logs', () => ({ fetchLogs }))
let listener: LogListener
const unfollow = vi.fn()
vi.mock('../live/feed', () => ({
  followLog: (given: LogListener) => {
    listener = given
    return unfollow
  },
}))
// It is used outside a component here.
vi.mock('vue', async (original) => ({ ...(await original<typeof import('vue')>()), onBeforeUnmount: () => undefined }))

function line(id: number, more: Partial<LogLine> = {}): LogLine {
  return { id, at: '2026-11-29T04:05:06Z', level: 'INFO', target: 'unoc::api', message: `Line ${id}`, request_id: null, fields: {}, ...more }
}

function page(ids: number[], next_before: number | null = null): LogPage {
  return { lines: ids.map((id) => line(id)), next_before, complete_since: '2026-11-29T00:00:00Z', last_id: ids[0] ?? 0 }
}

function ids(tail: LogTail): number[] {
  return tail.lines.value.map(({ id }) => id)
}

async function settled(): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1) await nextTick()
}

const filter = reactive<LogFilter>({ ...NO_FILTER })

function start(): LogTail {
  return effectScope().run(() => useLogTail(() => ({ ...filter }))) as LogTail
}

beforeEach(() => {
  Object.assign(filter, NO_FILTER)
  fetchLogs.mockReset()
})

test('the newest page, then new lines once each', async () => {
  fetchLogs.mockResolvedValue(page([5, 4], 4))
  const tail = start()
  expect(tail.phase.value).toBe('loading')
  await settled()
  expect(ids(tail)).toEqual([4, 5])
  expect(tail.hasOlder.value).toBe(true)
  listener.lines({ missed: 0, lines: [line(5), line(6)] })
  listener.lines({ missed: 3, lines: [line(10)] })
  expect(ids(tail)).toEqual([4, 5, 6, 10])
  expect(tail.missed.value).toBe(3)
})

test('lines that come while the page is fetched are not lost', async () => {
  let answer: (found: LogPage) => void = () => undefined
  fetchLogs.mockReturnValue(new Promise((resolve) => (answer = resolve)))
  const tail = start()
  listener.lines({ missed: 0, lines: [line(6), line(7)] })
  answer(page([6, 5]))
  await settled()
  expect(ids(tail)).toEqual([5, 6, 7])
})

test('older lines come before, a page at a time', async () => {
  fetchLogs.mockResolvedValueOnce(page([5], 5)).mockResolvedValueOnce(page([4, 3]))
  const tail = start()
  await settled()
  expect(await tail.loadOlder()).toBe(2)
  expect(fetchLogs).toHaveBeenLastCalledWith(expect.anything(), 1_000, 5)
  expect(ids(tail)).toEqual([3, 4, 5])
  expect(tail.hasOlder.value).toBe(false)
  expect(await tail.loadOlder()).toBe(0)
})

test('another filter fetches again, and new lines have to match it', async () => {
  fetchLogs.mockResolvedValue(page([5]))
  const tail = start()
  await settled()
  filter.level = 'WARN'
  fetchLogs.mockResolvedValue(page([]))
  await settled()
  expect(fetchLogs).toHaveBeenLastCalledWith({ ...NO_FILTER, level: 'WARN' }, 1_000, null)
  listener.lines({ missed: 0, lines: [line(6), line(7, { level: 'ERROR' })] })
  expect(ids(tail)).toEqual([7])
})

test('a reconnect fetches what was missed; an error keeps the lines', async () => {
  fetchLogs.mockResolvedValueOnce(page([5]))
  const tail = start()
  await settled()
  fetchLogs.mockRejectedValueOnce(new Error('gone'))
  listener.following(9)
  await settled()
  expect(ids(tail)).toEqual([5])
  expect(tail.errorText.value).toContain('gone')
  fetchLogs.mockResolvedValueOnce(page([9, 5], 5))
  listener.following(9)
  await settled()
  expect(ids(tail)).toEqual([5, 9])
  // Lines are missing between: the older ones would look as if they followed.
  fetchLogs.mockResolvedValueOnce(page([99, 98], 98))
  listener.following(99)
  await settled()
  expect(ids(tail)).toEqual([98, 99])
  expect(tail.errorText.value).toBeNull()
})
