/** The server's rule, which it checks too. */
export const PASSWORD_LENGTH_MIN = 12
/** In bytes. */
const PASSWORD_BYTES_MAX = 1024

/** A password is long rather than odd; null when this one will do. */
export function passwordFault(password: string, name: string): string | null {
  // Both as the server counts and compares them.
  const text = password.normalize('NFC')
  const bytes = new TextEncoder().encode(text).length
  if (bytes < PASSWORD_LENGTH_MIN) return `At least ${PASSWORD_LENGTH_MIN} characters.`
  if (bytes > PASSWORD_BYTES_MAX) return `At most ${PASSWORD_BYTES_MAX} bytes.`
  if (text.toLowerCase() === name.normalize('NFC').toLowerCase()) return 'It must not be the name of the user.'
  return new Set(text).size === 1 ? 'It must not repeat a single character.' : null
}

/** Readable ones: without 0 and O, 1, l and I. */
const ALPHABET = 'abcdefghijkmnpqrstuvwxyz23456789'
const GROUPS = 5
const GROUP_LENGTH = 4

/** A random password of 100 bits that can be read over the phone: `k7pd-w3xn-…`. */
export function makePassword(): string {
  // 256 is a multiple of the 32 characters: each is as likely as the others.
  const bytes = [...crypto.getRandomValues(new Uint8Array(GROUPS * GROUP_LENGTH))]
  const text = bytes.map((byte) => ALPHABET[byte % ALPHABET.length]).join('')
  return (text.match(/.{4}/g) ?? []).join('-')
}
