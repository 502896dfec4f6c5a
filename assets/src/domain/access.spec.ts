import { expect, test } from 'vitest'
import type { Session } from '../api/session'
import { isAllowed, isClosed, needsLogin, type Permission, whyNot } from './access'
import { testSession } from './testing'

const PERMISSIONS: Permission[] = ['read', 'operate', 'admin', 'account']

test.each<[string, Session | null, Permission[]]>([
  ['nobody knows yet', null, []],
  ['a viewer', testSession('viewer'), ['read', 'account']],
  ['an operator', testSession('operator'), ['read', 'operate', 'account']],
  ['an admin', testSession('admin'), ['read', 'operate', 'admin', 'account']],
  ['somebody without a session', testSession(null), []],
  ['the host itself, without users', testSession(null, { mode: 'open', caller: { kind: 'host', name: null, role: null } }), ['read', 'operate', 'admin']],
  ['a proxy, without users', testSession(null, { mode: 'open' }), []],
  ['anybody, with logins off', testSession(null, { mode: 'insecure' }), ['read', 'operate', 'admin']],
])('what is offered: %s', (_, session, allowed) => {
  expect(PERMISSIONS.filter((each) => isAllowed(session, each))).toEqual(allowed)
  expect(PERMISSIONS.filter((each) => whyNot(session, each) === null)).toEqual(allowed)
})

test('a refusal names the role that is needed and the one that is there', () => {
  expect(whyNot(testSession('viewer'), 'operate')).toBe(
    'This needs the role operator or admin. You are logged in as ada with the role viewer.',
  )
  expect(whyNot(testSession('operator'), 'admin')).toBe(
    'This needs the role admin. You are logged in as ada with the role operator.',
  )
  expect(whyNot(testSession(null, { mode: 'insecure' }), 'account')).toMatch(/no account/)
})

test('who has to log in, and who cannot', () => {
  expect(needsLogin(testSession(null))).toBe(true)
  expect(needsLogin(testSession('viewer'))).toBe(false)
  expect(needsLogin(testSession(null, { mode: 'insecure' }))).toBe(false)
  expect(isClosed(testSession(null, { mode: 'open' }))).toBe(true)
  expect(isClosed(testSession(null))).toBe(false)
})
