import { type Role, ROLES } from '../api/session'
import type { User, UserPatch } from '../api/users'

/** The roles, with what each may. */
export const ROLE_TEXTS: Record<Role, string> = {
  viewer: 'sees the network, its problems and the state of the appliance',
  operator: 'also changes the network, works on incidents, runs jobs and makes backups',
  admin: 'also manages users, settings and restores',
}

export const ROLE_CHOICES = ROLES.map((role) => ({ role, text: ROLE_TEXTS[role] }))

/** How somebody logs in. */
export function userFacts({ has_password: hasPassword, is_oidc: isOidc, has_totp: hasTotp }: User): string {
  const ways = [...(hasPassword ? ['password'] : []), ...(isOidc ? ['identity provider'] : [])]
  const how = ways.length === 0 ? 'cannot log in (no password)' : `logs in with ${ways.join(' or ')}`
  return hasTotp ? `${how}, with a second factor` : how
}

/** What an admin sets of a user. */
export interface UserForm {
  role: Role
  isDisabled: boolean
  /** Empty keeps the present one. */
  password: string
  clearsTotp: boolean
}

/** What is different in the form. */
export function userPatch(form: UserForm, user: User): UserPatch {
  const patch: UserPatch = {}
  if (form.role !== user.role) patch.role = form.role
  if (form.isDisabled !== user.is_disabled) patch.is_disabled = form.isDisabled
  if (form.password !== '') patch.password = form.password
  if (form.clearsTotp) patch.clear_totp = true
  return patch
}
