import { expect, test } from 'vitest'
import { fieldTime, filterTime, NO_AUDIT_FILTER, readAuditFilter, writeAuditFilter } from './auditFilter'

test('a filter survives the address', () => {
  const filter = {
    actor: 'ada',
    action: 'log in',
    outcome: 'refused',
    text: 'OLT-1 & more',
    from: '2026-11-29T10:00:00.000Z',
    to: '2026-11-30T10:00:00.000Z',
  } as const
  expect(readAuditFilter(new URLSearchParams(writeAuditFilter(filter)).toString())).toEqual(filter)
  expect(writeAuditFilter(NO_AUDIT_FILTER)).toEqual({})
})

test('what an address has wrong is left out', () => {
  expect(readAuditFilter('outcome=maybe&from=yesterday&to=2026-11-30&who=&q=x')).toEqual({
    ...NO_AUDIT_FILTER,
    to: '2026-11-30T00:00:00.000Z',
  })
  expect(readAuditFilter(`text=${'x'.repeat(500)}`).text).toHaveLength(128)
})

test('times of fields are local, those of the filter are not', () => {
  expect(filterTime(fieldTime('2026-11-29T10:15:00.000Z'))).toBe('2026-11-29T10:15:00.000Z')
  expect(filterTime('')).toBe('')
  expect(fieldTime('')).toBe('')
})
