import { readJson, request } from './http'
import type { LastLogin, Role } from './session'

/** Who may log in. */
export interface User {
  id: number
  name: string
  role: Role
  is_disabled: boolean
  has_password: boolean
  has_totp: boolean
  /** The identity provider vouches for them. */
  is_oidc: boolean
  created_at: string
  last_login: LastLogin | null
}

export interface NewUser {
  name: string
  role: Role
  /** Without one, they log in by the identity provider. */
  password?: string
}

/** Absent keys do not change. */
export interface UserPatch {
  role?: Role
  is_disabled?: boolean
  password?: string
  /** Removes the second factor of somebody who has lost theirs. */
  clear_totp?: boolean
}

export async function fetchUsers(): Promise<User[]> {
  return readJson(await request('GET', 'api/users'))
}

export async function postUser(user: NewUser): Promise<User> {
  return readJson(await request('POST', 'api/users', user))
}

/** Changes a user; 409 for the last admin who can log in. */
export async function patchUser(id: number, patch: UserPatch): Promise<User> {
  return readJson(await request('PATCH', `api/users/${id}`, patch))
}

/** Removes a user with their sessions and tokens; 409 for the last admin who can log in. */
export async function deleteUser(id: number): Promise<void> {
  await request('DELETE', `api/users/${id}`)
}
