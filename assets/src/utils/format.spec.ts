import { expect, test } from 'vitest'
import { formatAge, formatBytes, formatCount, formatCounted, formatFor, formatHundredths, formatMeasure, formatMinute, formatMoment, formatSpan, formatUnit, formatUntil, parseNumber } from './format'

const NOON = '2026-11-23T12:00:00.000000Z'

test.each([
  [-30, 'just now'],
  [4, 'just now'],
  [5, '5 s ago'],
  [59, '59 s ago'],
  [60, '1 min ago'],
  [3_599, '59 min ago'],
  [3_600, '1 h ago'],
  [86_399, '23 h ago'],
  [86_400, '1 d ago'],
])('%i s later: %s', (seconds, expected) => {
  expect(formatAge(NOON, Date.parse(NOON) + seconds * 1_000)).toBe(expected)
})

test('a time that cannot be read is shown as it came', () => {
  expect(formatAge('soon', 0)).toBe('soon')
  expect(formatFor('soon', 0)).toBe('since soon')
})

test('a minute on paper is in the zone of the browser', () => {
  const minute = formatMinute(NOON)
  expect(minute).toMatch(/^2026-11-2[234] \d\d:\d\d$/)
  expect(Date.parse(minute.replace(' ', 'T'))).toBe(Date.parse(NOON))
  expect(formatMinute('soon')).toBe('soon')
})

test('units, counts and numbers', () => {
  expect(formatUnit(-28.5, 'dBm')).toBe('\u221228.5\u00a0dBm')
  expect(formatUnit(null, 'dB')).toBe('not set')
  expect(formatCount(100_000)).toBe('100,000')
  expect(parseNumber(' \u22124,5 ')).toBe(-4.5)
  expect(parseNumber(' ')).toBeNull()
  expect(parseNumber('4 km')).toBeNaN()
})

test.each([
  [-30, 'for a moment'],
  [59, 'for 59 s'],
  [7_200, 'for 2 h'],
])('%i s later: %s', (seconds, expected) => {
  expect(formatFor(NOON, Date.parse(NOON) + seconds * 1_000)).toBe(expected)
})

test('measured values have two places and a real minus', () => {
  expect(formatMeasure(-15.1, 'dBm')).toBe('\u221215.10\u00a0dBm')
  expect(formatHundredths(-0.001)).toBe('0.00')
  expect(formatHundredths(-0)).toBe('0.00')
})

test('a count with its noun', () => {
  expect(formatCounted(1, 'device')).toBe('1\u00a0device')
  expect(formatCounted(0, 'device')).toBe('0\u00a0devices')
  expect(formatCounted(1_200, 'subscriber')).toBe('1,200\u00a0subscribers')
})

test.each([
  [0, '0 B'],
  [999, '999 B'],
  [1_000, '0.98 KiB'],
  [1_048_576, '1.00 MiB'],
  [47_185_920, '45.0 MiB'],
  [5_000_000_000_000, '4.55 TiB'],
  [5_000_000_000_000_000, '4547 TiB'],
])('%i bytes: %s', (bytes, expected) => {
  expect(formatBytes(bytes)).toBe(expected.replace(' ', '\u00a0'))
})

test.each([
  [-3, '0 s'],
  [12.9, '12 s'],
  [60, '1 min'],
  [185, '3 min 5 s'],
  [7_260, '2 h 1 min'],
  [169_200, '1 d 23 h'],
  [864_000, '10 d'],
])('a span of %f s: %s', (seconds, expected) => {
  expect(formatSpan(seconds).replaceAll('\u00a0', ' ')).toBe(expected)
})

test('a time to come', () => {
  const now = Date.parse(NOON)
  expect(formatUntil(NOON, now)).toBe('now')
  expect(formatUntil('2026-11-23T12:10:30Z', now).replaceAll('\u00a0', ' ')).toBe('in 10 min 30 s')
  expect(formatUntil('soon', now)).toBe('soon')
})

test('a moment is named by its day where that is near', () => {
  const local = (day: number, hour: number): number => new Date(2026, 10, day, hour, 15).getTime()
  const iso = new Date(local(23, 2)).toISOString()
  expect(formatMoment(iso, local(23, 9))).toMatch(/^today, 0?2:15/)
  expect(formatMoment(iso, local(24, 1))).toMatch(/^yesterday, 0?2:15/)
  expect(formatMoment(iso, local(22, 9))).toMatch(/^tomorrow, 0?2:15/)
  expect(formatMoment(iso, local(25, 1))).toMatch(/2026.*2:15/)
  expect(formatMoment('soon', 0)).toBe('soon')
})

test.each<[string, string, string, string]>([
  // 02:15 in Tokyo, while it is the evening before in Berlin.
  ['Asia/Tokyo', '2026-11-28T17:15:00Z', '2026-11-28T14:59:00Z', 'tomorrow, 02:15 Asia/Tokyo'],
  ['Asia/Tokyo', '2026-11-28T17:15:00Z', '2026-11-28T15:01:00Z', 'today, 02:15 Asia/Tokyo'],
  ['Asia/Tokyo', '2026-11-29T17:15:00Z', '2026-11-28T16:59:00Z', 'tomorrow, 02:15 Asia/Tokyo'],
  ['America/New_York', '2026-11-29T04:30:00Z', '2026-11-29T14:00:00Z', 'yesterday, 23:30 America/New_York'],
  // Over the end of summer time, a day of 25 hours.
  ['Europe/Berlin', '2026-10-25T22:30:00Z', '2026-10-24T22:10:00Z', 'today, 23:30 Europe/Berlin'],
  ['CET-1CEST', '2026-11-29T01:15:00Z', '2026-11-29T00:00:00Z', 'today, 01:15 UTC'],
])('a moment in the time of %s', (zone, iso, now, expected) => {
  expect(formatMoment(iso, Date.parse(now), zone)).toMatch(new RegExp(`^${expected.replace(' 0', ' 0?')}$`))
})
