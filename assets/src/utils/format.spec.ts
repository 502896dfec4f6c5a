import { expect, test } from 'vitest'
import { formatAge, formatCount, formatUnit, typeLabel } from './format'

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
})

test('units, counts and labels', () => {
  expect(formatUnit(-28.5, 'dBm')).toBe('\u221228.5\u00a0dBm')
  expect(formatUnit(null, 'dB')).toBe('not set')
  expect(formatCount(100_000)).toBe('100,000')
  expect(typeLabel('BUSINESS_ONT')).toBe('Business ONT')
  expect(typeLabel('OLT')).toBe('OLT')
})
