import { expect, test } from 'vitest'
import type { ApiToken } from '../api/tokens'
import { scopesFor, tokenState } from './tokens'

test('nobody is offered a scope beyond their role', () => {
  expect(scopesFor('viewer')).toEqual(['read', 'metrics'])
  expect(scopesFor('operator')).toEqual(['read', 'operate', 'metrics'])
  expect(scopesFor('admin')).toEqual(['read', 'operate', 'metrics'])
  expect(scopesFor(null)).toEqual(['read', 'metrics'])
})

test.each([
  ['2026-11-29T12:00:00Z', 'Expired'],
  ['2026-11-30T12:00:00Z', 'Expired'],
  ['2026-12-01T12:00:00Z', 'Expires soon'],
  ['2027-02-28T12:00:00Z', 'Valid'],
])('a token until %s is %s', (expires_at, label) => {
  expect(tokenState({ expires_at } as ApiToken, Date.parse('2026-11-30T12:00:00Z')).label).toBe(label)
})
