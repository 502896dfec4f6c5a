import { asSentence } from '../utils/format'
import type { FieldError } from './types'

/** Enough for a list of 100,000 devices over a slow line. */
export const TIMEOUT_MS = 60_000
/** A backup is answered once it is verified, which takes minutes on a large site. */
export const LONG_MS_MAX = 15 * 60_000

/** The server refused a request or did not respond (status 0). `detail` can be shown to people. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly detail: string,
    /** The whole response body. */
    readonly body: unknown = null,
    /** After how many seconds it is worth trying again; null if the server does not say. */
    readonly retryAfterS: number | null = null,
  ) {
    super(detail)
    this.name = 'ApiError'
  }
}

/** What the page does where a request needs somebody who is logged in (stores/session.ts). */
export interface AccessGuard {
  /** Resolves when requests may be sent. */
  ready: () => Promise<void>
  /** Resolves when somebody has logged in after the server did not know the caller. */
  logIn: () => Promise<void>
}

const UNAUTHORIZED = 401
const INTERNAL = 500

/** How often a request is sent again: a session may end once more while it waits. */
const LOGINS_MAX = 3

let guard: AccessGuard | null = null

/** From now on requests wait for a login where one is needed. */
export function guardRequests(by: AccessGuard): void {
  guard = by
}

/** The prefix that v2's framework put before a rule's message; the server keeps it for older clients. */
const VALUE_ERROR = /^Value error, /

/** Resolves a path against the page's base, so that it works below a sub-path. */
export function url(path: string): URL {
  return new URL(path, document.baseURI)
}

export interface RequestOptions {
  timeoutMs?: number
  /** The tag of a state: a change is refused with 412 if that is not the current one. */
  ifMatch?: string | undefined
  /** By which the server undoes the change; the requests of one change share it. */
  requestId?: string | undefined
  /** It is answered without a login: an answer 401 is for the caller. */
  isPublic?: boolean
}

/** Sends a request and returns its 2xx answer; throws `ApiError` for every other outcome. */
export async function request(
  method: string,
  path: string,
  body?: unknown,
  { timeoutMs = TIMEOUT_MS, ifMatch, requestId, isPublic = false }: RequestOptions = {},
): Promise<Response> {
  const headers: Record<string, string> = { accept: 'application/json' }
  const init: RequestInit = { method, cache: 'no-cache', headers }
  if (body !== undefined) {
    init.body = JSON.stringify(body)
    headers['content-type'] = 'application/json'
  }
  if (ifMatch !== undefined) headers['if-match'] = ifMatch
  if (requestId !== undefined) headers['x-request-id'] = requestId
  return send(path, init, { timeoutMs, isPublic })
}

/** Sends a file as it is. */
export async function upload(path: string, body: ArrayBuffer, type: string, requestId?: string): Promise<Response> {
  const headers: Record<string, string> = { accept: 'application/json', 'content-type': type }
  if (requestId !== undefined) headers['x-request-id'] = requestId
  return send(path, { method: 'POST', body, headers }, { timeoutMs: TIMEOUT_MS, isPublic: false })
}

/** Sends a request, once more after each login that it had to wait for. */
async function send(
  path: string,
  init: RequestInit,
  { timeoutMs, isPublic }: { timeoutMs: number; isPublic: boolean },
): Promise<Response> {
  const by = isPublic ? null : guard
  await by?.ready()
  for (let logins = 0; ; logins += 1) {
    const response = await sendOnce(path, { ...init, signal: AbortSignal.timeout(timeoutMs) })
    if (response.ok) return response
    if (response.status !== UNAUTHORIZED || by === null || logins === LOGINS_MAX) throw await errorFrom(response)
    await by.logIn()
  }
}

async function sendOnce(path: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(url(path), init)
  } catch {
    throw new ApiError(0, 'The server does not respond.')
  }
}

/** Reads a JSON body as the type that the caller expects. */
export async function readJson<T>(response: Response): Promise<T> {
  try {
    return (await response.json()) as T
  } catch {
    throw new ApiError(0, 'The response from the server was incomplete.')
  }
}

/** Where the next page begins, by the `Link` header with `rel="next"`; null on the last page. */
export function nextPage(link: string | null, key: 'after' | 'before' = 'after'): string | null {
  const target = /<([^>]*)>; rel="next"/.exec(link ?? '')?.[1]
  return target === undefined ? null : new URL(target, 'http://unoc.invalid').searchParams.get(key)
}

/** The text to show for an error of any kind. */
export function describeError(error: unknown): string {
  return error instanceof ApiError ? error.detail : String(error)
}

/** The text of an error body: `{"detail": "text"}`, its only faulty row, or the field errors of a 422. */
export function detailText(body: unknown, status: number): string {
  const fallback = `The server responded with status ${status}.`
  if (typeof body !== 'object' || body === null || !('detail' in body)) return fallback
  const { detail } = body
  if (typeof detail === 'string') return asSentence(onlyRowText(body) ?? detail)
  if (!Array.isArray(detail)) return fallback
  const texts = (detail as FieldError[]).map(({ loc, msg }) => {
    const field = loc.slice(1).join('.')
    const text = msg.replace(VALUE_ERROR, '')
    return field === '' ? text : `${field}: ${text}`
  })
  return texts.join('; ') || fallback
}

/** What is wrong with the only faulty row of a bulk request, which says more than how many rows there are. */
function onlyRowText(body: object): string | null {
  if (!('errors' in body) || !Array.isArray(body.errors) || body.errors.length !== 1) return null
  const { detail } = body.errors[0] as { detail?: unknown }
  return typeof detail === 'string' ? detail : null
}

async function errorFrom(response: Response): Promise<ApiError> {
  const { status } = response
  const body: unknown = await response.json().catch(() => null)
  const detail = detailText(body, status)
  const id = response.headers.get('x-request-id')
  // The cause is in the server's log only, under this id.
  const text = status === INTERNAL && id !== null ? `${detail}: ${id}` : detail
  return new ApiError(status, text, body, secondsOf(response.headers.get('retry-after')))
}

/** The seconds of a `Retry-After` header; null for a date, which this server does not send. */
function secondsOf(header: string | null): number | null {
  return header !== null && /^\d+$/.test(header) ? Number(header) : null
}
