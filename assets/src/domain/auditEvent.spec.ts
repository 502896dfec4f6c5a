import { expect, test } from 'vitest'
import type { AuditRow } from '../api/types'
import { eventFacts, summarizeDetails } from './auditEvent'

function row(more: Partial<AuditRow>): AuditRow {
  return { outcome: 'done', address: '', details: null, hash: 'ab12', ...more } as AuditRow
}

test('a change says whence it came', () => {
  expect(eventFacts(row({ address: '192.0.2.7' }))).toEqual([
    { name: 'address', value: '192.0.2.7', before: null },
    { name: 'hash', value: 'ab12', before: null, isCode: true },
  ])
})

test('an event says what it was about, before and after', () => {
  const details = { user: 'ada', attempts: 3, before: { role: 'viewer', is_disabled: false }, after: { role: 'admin', is_disabled: false } }
  expect(eventFacts(row({ outcome: 'refused', details })).map(({ name, before, value }) => [name, before, value])).toEqual([
    ['outcome', null, 'refused'],
    ['user', null, 'ada'],
    ['attempts', null, '3'],
    ['role', 'viewer', 'admin'],
    ['hash', null, 'ab12'],
  ])
  expect(summarizeDetails(details)).toBe('user ada, attempts 3, role viewer → admin')
})

test('what came has no value before, and lists are shown as they are', () => {
  expect(summarizeDetails({ after: { scope: 'read', tags: ['a'] } })).toBe('scope none → read, tags none → ["a"]')
  expect(summarizeDetails({})).toBe('')
})
