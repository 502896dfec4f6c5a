import { readJson, request } from './http'

/** A secret that an authenticator app is given; not in force before a code of it was confirmed. */
export interface TotpSecret {
  /** In base32. */
  secret: string
  otpauth_uri: string
}

/** Changes the password of the caller and ends their other sessions. */
export async function postPassword(current: string, next: string): Promise<void> {
  await request('POST', 'api/account/password', { current, new: next })
}

export async function postTotp(password: string): Promise<TotpSecret> {
  return readJson(await request('POST', 'api/account/totp', { password }))
}

/** Puts the secret into force; the answer has the recovery codes, which are not shown again. */
export async function confirmTotp(code: string): Promise<string[]> {
  const answer = await readJson<{ recovery_codes: string[] }>(await request('POST', 'api/account/totp/confirm', { code }))
  return answer.recovery_codes
}

export async function deleteTotp(password: string): Promise<void> {
  await request('DELETE', 'api/account/totp', { password })
}
