import { readJson, request } from './http'

/** What a token is good for. */
export const TOKEN_SCOPES = ['read', 'operate', 'metrics'] as const
export type TokenScope = (typeof TOKEN_SCOPES)[number]

/** By which a program calls the API; it never may more than its owner. */
export interface ApiToken {
  id: number
  name: string
  scope: TokenScope
  owner: string
  /** How the token begins, by which it is recognized. */
  prefix: string
  created_at: string
  expires_at: string
  last_used_at: string | null
}

export interface NewApiToken {
  name: string
  scope: TokenScope
  expires_in_days: number
}

/** The tokens of the caller, or of all users. */
export async function fetchTokens(isOfAll: boolean): Promise<ApiToken[]> {
  return readJson(await request('GET', isOfAll ? 'api/tokens?all=true' : 'api/tokens'))
}

/** Makes a token; its text is in this answer only. */
export async function postToken(token: NewApiToken): Promise<ApiToken & { token: string }> {
  return readJson(await request('POST', 'api/tokens', token))
}

export async function deleteToken(id: number): Promise<void> {
  await request('DELETE', `api/tokens/${id}`)
}
