import type { Role } from '../api/session'
import { type ApiToken, TOKEN_SCOPES, type TokenScope } from '../api/tokens'
import type { Tone } from '../utils/tone'

/** The server makes none that live longer. */
export const TOKEN_DAYS_MAX = 366

export const TOKEN_SCOPE_TEXTS: Record<TokenScope, string> = {
  read: 'reads the network and the state of the appliance',
  operate: 'also changes the network, as an operator does',
  metrics: 'reads /metrics only',
}

/** The scopes that somebody can give away: no token may more than its owner. */
export function scopesFor(role: Role | null): TokenScope[] {
  return TOKEN_SCOPES.filter((scope) => scope !== 'operate' || role === 'operator' || role === 'admin')
}

const SOON_MS = 7 * 86_400_000

/** Whether a token still works, and whether it should be replaced soon. */
export function tokenState(token: ApiToken, now: number): { tone: Tone; label: string } {
  const left = Date.parse(token.expires_at) - now
  if (left <= 0) return { tone: 'quiet', label: 'Expired' }
  return left < SOON_MS ? { tone: 'degraded', label: 'Expires soon' } : { tone: 'up', label: 'Valid' }
}
