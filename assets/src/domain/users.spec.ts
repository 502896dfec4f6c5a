import { expect, test } from 'vitest'
import type { User } from '../api/users'
import { userFacts, userPatch } from './users'

const ada: User = {
  id: 1,
  name: 'ada',
  role: 'operator',
  is_disabled: false,
  has_password: true,
  has_totp: false,
  is_oidc: false,
  created_at: '2026-11-01T10:00:00Z',
  last_login: null,
}

test.each<[Partial<User>, string]>([
  [{}, 'logs in with password'],
  [{ has_totp: true }, 'logs in with password, with a second factor'],
  [{ is_oidc: true }, 'logs in with password or identity provider'],
  [{ has_password: false, is_oidc: true }, 'logs in with identity provider'],
  [{ has_password: false }, 'cannot log in (no password)'],
])('%j: %s', (more, text) => {
  expect(userFacts({ ...ada, ...more })).toBe(text)
})

test('only what an admin changed is sent', () => {
  const form = { role: 'operator', isDisabled: false, password: '', clearsTotp: false } as const
  expect(userPatch(form, ada)).toEqual({})
  expect(userPatch({ ...form, role: 'admin', clearsTotp: true }, ada)).toEqual({ role: 'admin', clear_totp: true })
  expect(userPatch({ ...form, isDisabled: true, password: 'correct horse' }, ada)).toEqual({
    is_disabled: true,
    password: 'correct horse',
  })
})
