import type { Page } from 'playwright-core'
import type { AuditCheck, AuditRow } from '../../src/api/types'
import type { Role, Session, SessionRow } from '../../src/api/session'
import type { ApiToken } from '../../src/api/tokens'
import type { User } from '../../src/api/users'

const MINUTE_S = 60
const HOUR_S = 3_600
const DAY_S = 86_400

function at(secondsAgo: number): string {
  return new Date(Date.now() - secondsAgo * 1_000).toISOString()
}

/** The session of ada, as the server tells it; null has none. */
export function sessionOf(role: Role | null, more: Partial<Session> = {}): Session {
  return {
    mode: 'login',
    caller: role === null ? { kind: 'anonymous', name: null, role: null } : { kind: 'user', name: 'ada', role },
    last_login: role === null ? null : { at: at(14 * HOUR_S), address: '192.0.2.17' },
    setup_possible: false,
    has_totp: false,
    sign_in: { password: true, oidc: { name: 'Keycloak' } },
    expires_at: role === null ? null : at(-6 * DAY_S),
    ...more,
  }
}

export const USERS: readonly User[] = [
  user(1, 'ada', 'admin', { has_totp: true, last_login: { at: at(14 * HOUR_S), address: '192.0.2.17' } }),
  user(2, 'bob.with-a-long-name@operations.example.org', 'operator', { has_password: false, is_oidc: true, last_login: { at: at(5 * MINUTE_S), address: '2001:db8:0:f101::17' } }),
  user(3, 'wall', 'viewer', { is_disabled: true }),
]

function user(id: number, name: string, role: Role, more: Partial<User>): User {
  return { id, name, role, is_disabled: false, has_password: true, has_totp: false, is_oidc: false, created_at: at(90 * DAY_S), last_login: null, ...more }
}

export const SESSIONS: readonly SessionRow[] = [
  session(1, 5 * MINUTE_S, 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36', true),
  session(2, 3 * DAY_S, 'Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Mobile/15E148 Safari/604.1', false),
  session(3, 6 * DAY_S, '', false),
]

function session(id: number, age: number, userAgent: string, isCurrent: boolean): SessionRow {
  return { id, user: 'ada', created_at: at(age), last_used_at: at(age / 3), address: '192.0.2.17', user_agent: userAgent, is_current: isCurrent }
}

export const TOKENS: readonly ApiToken[] = [
  token(1, 'prometheus', 'metrics', -60 * DAY_S, at(20)),
  token(2, 'crm-import', 'operate', -3 * DAY_S, at(DAY_S)),
  token(3, 'old-script', 'read', 2 * DAY_S, null),
]

function token(id: number, name: string, scope: ApiToken['scope'], expiresAgo: number, lastUsed: string | null): ApiToken {
  const prefix = `unoc_${'AbC3dEf'.slice(0, 7)}`
  return { id, name, scope, owner: 'ada', prefix, created_at: at(30 * DAY_S), expires_at: at(expiresAgo), last_used_at: lastUsed }
}

const INTACT: AuditCheck = {
  is_intact: true,
  problems: [],
  accepted_problems: ['Row 4,711 was changed'],
  row_count: 12_806,
  unchained_count: 0,
  known: [{ source: 'unoc_20261130_021500', at: at(14 * HOUR_S), id: 12_790, state: 'same' }],
  head: { id: 12_806, hash: '9f1c2ab77d03e4f50d55e8a1c4b2f9609f1c2ab77d03e4f50d55e8a1c4b2f960' },
}

const AUDIT: readonly AuditRow[] = [
  entry(9, 2 * MINUTE_S, 'ada', 'log in', {}),
  entry(8, 5 * MINUTE_S, 'bob', 'create token', { token: 'crm-import', scope: 'operate', owner: 'bob' }),
  entry(7, 18 * MINUTE_S, 'wall', 'request', { operation: 'POST /api/seed', needs: 'admin' }, true),
  entry(6, 40 * MINUTE_S, 'ada', 'change user', { user: 'bob', before: { role: 'viewer' }, after: { role: 'operator' } }),
  entry(5, HOUR_S, 'carol', 'log in', { reason: 'wrong password' }, true),
  entry(4, 3 * HOUR_S, 'ada', 'add user', { user: 'wall', role: 'viewer' }),
  entry(3, 14 * HOUR_S, 'ada', 'log in', {}),
]

function entry(id: number, age: number, actor: string, action: string, details: Record<string, unknown>, isRefused = false): AuditRow {
  return {
    id: 12_797 + id,
    at: at(age),
    seq: 48_120 + id,
    actor,
    address: '192.0.2.17',
    request_id: `01JD9X7K2M4Q8R${id}`,
    action,
    outcome: isRefused ? 'refused' : 'done',
    details,
    hash: `${id}`.repeat(64),
    changes: [],
    changes_sha256: null,
    undone_ids: [],
    change_count: 0,
    undo: { is_possible: false, reason: 'it changed nothing of the network' },
  }
}

/** Answers for a page whose caller is this one, whatever the server thinks. */
export async function actAs(page: Page, as: Session): Promise<void> {
  await page.route('**/api/session', (route) => route.fulfill({ json: as }))
  await page.route('**/api/users', (route) => route.fulfill({ json: USERS }))
  await page.route(/\/api\/sessions(\?|$)/, (route) => route.fulfill({ json: SESSIONS }))
  await page.route(/\/api\/tokens(\?|$)/, (route) => route.fulfill({ json: TOKENS }))
  await page.route(/\/api\/audit\?/, (route) => route.fulfill({ json: AUDIT }))
  await page.route('**/api/audit/verify', (route) => route.fulfill({ json: INTACT }))
}
