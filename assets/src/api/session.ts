import { readJson, request } from './http'

/** What a user may do, each more than the one before. */
export const ROLES = ['viewer', 'operator', 'admin'] as const
export type Role = (typeof ROLES)[number]

/** Who the server takes this browser for, and how people log in. */
export interface Session {
  /** `open`: there are no users, and only the host itself may do anything. `insecure`: there are none, and everybody may. */
  mode: 'open' | 'insecure' | 'login'
  caller: Caller
  /** The last login of the user; in the answer to a login the one before it. */
  last_login: LastLogin | null
  /** A set-up link makes the first user. */
  setup_possible: boolean
  has_totp: boolean
  sign_in: { password: boolean; oidc: { name: string } | null }
  /** When the session ends, however much it is used; null without one. */
  expires_at: string | null
}

export interface Caller {
  kind: 'host' | 'user' | 'token' | 'anonymous'
  name: string | null
  role: Role | null
}

export interface LastLogin {
  at: string
  /** Null on the host itself. */
  address: string | null
}

export interface Credentials {
  name: string
  password: string
  /** The six digits of the authenticator app, or a recovery code. */
  code?: string
}

export interface SetUp {
  /** The one-time code of the set-up link. */
  code: string
  name: string
  password: string
}

/** A session of a user. */
export interface SessionRow {
  id: number
  user: string
  created_at: string
  last_used_at: string
  /** Null on the host itself. */
  address: string | null
  /** What the browser says of itself. */
  user_agent: string
  is_current: boolean
}

/** These are answered without a login, so that they must not wait for one. */
const PUBLIC = { isPublic: true } as const

export async function fetchSession(): Promise<Session> {
  return readJson(await request('GET', 'api/session', undefined, PUBLIC))
}

/** Logs in; 401 when the name or the password is wrong, or a code is needed (`needsCode`). */
export async function postSession(credentials: Credentials): Promise<Session> {
  return readJson(await request('POST', 'api/session', credentials, PUBLIC))
}

/** Logs out. */
export async function deleteSession(): Promise<void> {
  await request('DELETE', 'api/session', undefined, PUBLIC)
}

/** Makes the first user and logs in. */
export async function postSetUp(setUp: SetUp): Promise<Session> {
  return readJson(await request('POST', 'api/setup', setUp, PUBLIC))
}

/** The caller's sessions, or those of all users. */
export async function fetchSessions(isOfAll: boolean): Promise<SessionRow[]> {
  return readJson(await request('GET', isOfAll ? 'api/sessions?all=true' : 'api/sessions'))
}

export async function deleteSessionRow(id: number): Promise<void> {
  await request('DELETE', `api/sessions/${id}`)
}

/** Whether the body of a 401 says that the password was right and the code is missing. */
export function needsCode(body: unknown): boolean {
  return typeof body === 'object' && body !== null && 'needs' in body && body.needs === 'code'
}
