import { type Role, ROLES, type Session } from '../api/session'

/**
 * What a part of the page needs: a role, or `account`, a user of their own with sessions and tokens, which nobody has
 * where nobody logs in.
 */
export type Permission = 'read' | 'operate' | 'admin' | 'account'

const NEEDED_ROLES: Record<Exclude<Permission, 'account'>, Role> = { read: 'viewer', operate: 'operator', admin: 'admin' }

/** The role of the caller. Where nobody logs in, it follows from the mode. */
export function roleOf({ mode, caller }: Session): Role | null {
  if (caller.role !== null) return caller.role
  return mode === 'insecure' || (mode === 'open' && caller.kind === 'host') ? 'admin' : null
}

/** Whether the caller may do what needs that; nobody is offered anything before it is known who they are. */
export function isAllowed(session: Session | null, needed: Permission): boolean {
  if (session === null) return false
  if (needed === 'account') return session.caller.kind === 'user'
  const role = roleOf(session)
  return role !== null && ROLES.indexOf(role) >= ROLES.indexOf(NEEDED_ROLES[needed])
}

/** Why the caller may not; null when they may. */
export function whyNot(session: Session | null, needed: Permission): string | null {
  if (isAllowed(session, needed)) return null
  if (session === null) return 'The server has not said yet who you are.'
  if (needed === 'account') return WITHOUT_ACCOUNT[session.mode]
  const role = roleOf(session)
  const roles = ROLES.slice(ROLES.indexOf(NEEDED_ROLES[needed]))
  const needs = `This needs the role ${roles.join(' or ')}.`
  if (role === null) return needs
  return `${needs} You are logged in as ${session.caller.name ?? 'somebody'} with the role ${role}.`
}

const WITHOUT_ACCOUNT: Record<Session['mode'], string> = {
  open: 'You have no account: there are no users, and on the host itself nobody needs to log in.',
  insecure: 'You have no account: there are no users, and logins are off.',
  login: 'This needs the session of a user.',
}

/** Whether somebody has to log in before the server answers anything else. */
export function needsLogin(session: Session): boolean {
  return session.mode === 'login' && roleOf(session) === null
}

/** Whether the server answers nobody but the host itself, and this is not it. */
export function isClosed(session: Session): boolean {
  return session.mode === 'open' && roleOf(session) === null
}

/** From where a request or a login came. */
export function addressText(address: string | null): string {
  return address ?? 'the host itself'
}

/** The user behind a session; null where nobody logged in. */
export function userName(session: Session | null): string | null {
  return session?.caller.kind === 'user' ? session.caller.name : null
}
