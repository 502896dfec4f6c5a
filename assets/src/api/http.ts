import { asSentence } from '../utils/format'
import type { Fault } from './types'

/** A list of 100,000 devices over a slow line; little waits longer. */
const TIMEOUT_MS = 60_000
/** But a backup is answered when it is proven, which takes minutes on a large site. */
export const LONG_MS_MAX = 15 * 60_000

/** The server refused, or never answered (status 0). `detail` is fit to be shown. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly detail: string,
    /** All of the answer. */
    readonly body: unknown = null,
  ) {
    super(detail)
    this.name = 'ApiError'
  }
}

const INTERNAL = 500

/** What v2's framework put before the words of a rule; the server keeps it for older clients. */
const VALUE_ERROR = /^Value error, /

/** Resolves a path against the page's base, so that it works below a sub-path. */
export function url(path: string): URL {
  return new URL(path, document.baseURI)
}

/** Sends a request and returns its 2xx answer; throws `ApiError` for every other outcome. */
export async function request(
  method: string,
  path: string,
  body?: unknown,
  timeoutMs = TIMEOUT_MS,
): Promise<Response> {
  const init: RequestInit = {
    method,
    cache: 'no-cache',
    headers: { accept: 'application/json' },
    signal: AbortSignal.timeout(timeoutMs),
  }
  if (body !== undefined) {
    init.body = JSON.stringify(body)
    init.headers = { accept: 'application/json', 'content-type': 'application/json' }
  }
  return send(path, init)
}

/** Sends a file as it is. */
export async function upload(path: string, body: ArrayBuffer, type: string): Promise<Response> {
  const headers = { accept: 'application/json', 'content-type': type }
  return send(path, { method: 'POST', body, headers, signal: AbortSignal.timeout(TIMEOUT_MS) })
}

async function send(path: string, init: RequestInit): Promise<Response> {
  let response: Response
  try {
    response = await fetch(url(path), init)
  } catch {
    throw new ApiError(0, 'The server does not answer.')
  }
  if (!response.ok) {
    throw await refusal(response)
  }
  return response
}

/** Reads a JSON body; the caller names the shape that the contract promises. */
export async function readJson<T>(response: Response): Promise<T> {
  try {
    return (await response.json()) as T
  } catch {
    throw new ApiError(0, 'The answer of the server was cut off.')
  }
}

/** What to show for an error of any kind. */
export function describeError(error: unknown): string {
  return error instanceof ApiError ? error.detail : String(error)
}

/** The text of an error body: `{"detail": "text"}` or the fault list of a 422. */
export function detailText(body: unknown, status: number): string {
  const fallback = `The server answered ${status}.`
  if (typeof body !== 'object' || body === null || !('detail' in body)) return fallback
  const { detail } = body
  if (typeof detail === 'string') return asSentence(detail)
  if (!Array.isArray(detail)) return fallback
  const texts = (detail as Fault[]).map(({ loc, msg }) => {
    const field = loc.slice(1).join('.')
    const text = msg.replace(VALUE_ERROR, '')
    return field === '' ? text : `${field}: ${text}`
  })
  return texts.join('; ') || fallback
}

async function refusal(response: Response): Promise<ApiError> {
  const { status } = response
  const body: unknown = await response.json().catch(() => null)
  const detail = detailText(body, status)
  const id = response.headers.get('x-request-id')
  // What is wrong inside stands in the log alone, under this id.
  const text = status === INTERNAL && id !== null ? `${detail}: ${id}` : detail
  return new ApiError(status, text, body)
}
