import { expect, test } from 'vitest'
import type { ReportValue } from '../api/types'
import { isReportNumber, reportKindOf, reportValueText } from './reports'

test('each value has its unit', () => {
  const rows: [ReportValue | null, string][] = [
    [null, '–'],
    [{ unit: 'text', value: 'No room' }, 'No room'],
    [{ unit: 'count', value: 1_234 }, '1,234'],
    [{ unit: 'bytes', value: 1_536 }, '1.50\u00a0KiB'],
    [{ unit: 'seconds', value: 90 }, '1\u00a0min'],
    [{ unit: 'percent', value: -12.34 }, '\u221212.3\u00a0%'],
  ]
  for (const [value, expected] of rows) expect(reportValueText(value)).toBe(expected)
  expect(reportValueText({ unit: 'time', value: '2026-11-29T02:15:00.000000Z' })).toMatch(/^2026-11-\d\d \d\d:\d\d$/)
})

test('numbers stand at the right', () => {
  expect(isReportNumber({ unit: 'count', value: 1 })).toBe(true)
  expect(isReportNumber({ unit: 'text', value: '1' })).toBe(false)
  expect(isReportNumber(null)).toBe(false)
})

test('an address asks for a kind or for all', () => {
  expect(reportKindOf('capacity')).toBe('capacity')
  for (const word of [undefined, null, 'toString', 'no', ['capacity']]) expect(reportKindOf(word)).toBeNull()
})
