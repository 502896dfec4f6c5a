import { expect, test } from 'vitest'
import type { LogFilter } from '../api/logs'
import type { LogGroup, LogLine } from '../api/types'
import {
  fieldsText,
  filterOfGroup,
  formatLogTime,
  matches,
  newerThan,
  NO_FILTER,
  readLogFilter,
  shortModule,
  writeLogFilter,
} from './logLines'

const LINE: LogLine = {
  id: 7,
  at: '2026-11-29T04:05:06.078123Z',
  level: 'WARN',
  target: 'unoc::sync::round',
  message: 'Retry 3 of "Target"',
  request_id: 'r-1',
  fields: { cause: 'No room', status: 503 },
}

test.each<[Partial<LogFilter>, boolean]>([
  [{}, true],
  [{ level: 'INFO' }, true],
  [{ level: 'WARN' }, true],
  [{ level: 'ERROR' }, false],
  [{ module: 'unoc::sync' }, true],
  [{ module: 'unoc::sync::round' }, true],
  [{ module: 'unoc::syn' }, false],
  [{ text: 'TARGET' }, true],
  [{ text: 'no ROOM' }, true],
  [{ text: '"status":503' }, true],
  [{ text: 'absent' }, false],
  [{ request: 'r-1' }, true],
  [{ request: 'r' }, false],
  [{ level: 'WARN', text: 'absent' }, false],
])('the filter %j takes the line: %s', (filter, expected) => {
  expect(matches({ ...NO_FILTER, ...filter }, LINE)).toBe(expected)
})

test('the filter is in the address, and what is unknown there is left out', () => {
  const filter: LogFilter = { level: 'WARN', module: 'unoc::sync', text: 'a b', request: 'r' }
  expect(readLogFilter(new URLSearchParams(writeLogFilter(filter)).toString())).toEqual(filter)
  expect(readLogFilter('level=loud&device=7')).toEqual(NO_FILTER)
  expect(readLogFilter('level=error').level).toBe('ERROR')
  expect(writeLogFilter(NO_FILTER)).toEqual({})
})

test('lines that are there already do not come twice', () => {
  const line = (id: number): LogLine => ({ ...LINE, id })
  expect(newerThan([line(3), line(5)], [line(4), line(5), line(6)])).toEqual([line(6)])
  expect(newerThan([], [line(1)])).toEqual([line(1)])
})

test('a group is found by the longest part that its messages share', () => {
  const group = { level: 'ERROR', target: 'unoc::backup', message: 'Copy … of "…" could not be removed' } as LogGroup
  expect(filterOfGroup(group)).toEqual({
    level: 'ERROR',
    module: 'unoc::backup',
    text: '" could not be removed',
    request: '',
  })
})

test('a line is shown in few characters', () => {
  expect(shortModule('unoc::sync::round')).toBe('sync::round')
  expect(shortModule('hyper')).toBe('hyper')
  expect(fieldsText(LINE)).toBe('cause=No room status=503')
  const time = new Date(2026, 10, 29, 4, 5, 6, 78)
  expect(formatLogTime(time.toISOString(), time.getTime() + 1_000)).toBe('04:05:06.078')
  expect(formatLogTime(time.toISOString(), time.getTime() + 86_400_000)).toBe('11-29 04:05:06.078')
  expect(formatLogTime('soon', 0)).toBe('soon')
})
