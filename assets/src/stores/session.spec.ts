import { afterEach, beforeEach, expect, test, vi } from 'vitest'
// Before there is a document, which the tests only stub.
import 'vue'
import type { Session } from '../api/session'
import { testSession } from '../domain/testing'

/** What the server answers, by method and path; the last answer of a list stays. */
type Answers = Record<string, { status?: number; body?: unknown; headers?: Record<string, string> }[]>

let answers: Answers
let asked: string[]
const reload = vi.fn()
const assign = vi.fn()
let told: string[]

beforeEach(() => {
  vi.resetModules()
  asked = []
  told = []
  reload.mockReset()
  assign.mockReset()
  vi.stubGlobal('document', { baseURI: 'http://unoc.test/', addEventListener: vi.fn(), visibilityState: 'visible' })
  vi.stubGlobal('location', { reload, assign })
  vi.stubGlobal(
    'BroadcastChannel',
    class {
      onmessage = null
      postMessage(what: string): void {
        told.push(what)
      }
    },
  )
  vi.stubGlobal('fetch', (url: URL, { method }: RequestInit) => {
    const key = `${method} ${url.pathname}`
    asked.push(key)
    const list = answers[key] ?? []
    const answer = list.length > 1 ? list.shift() : list[0]
    if (answer === undefined) return Promise.reject(new TypeError('network'))
    const { status = 200, body = {}, headers = {} } = answer
    return Promise.resolve(new Response(status === 204 ? null : JSON.stringify(body), { status, headers }))
  })
})
afterEach(() => vi.unstubAllGlobals())

const session = (...list: Session[]) => list.map((body) => ({ body }))
const REFUSED = { status: 401, body: { detail: 'Log in' } }
const settled = () => new Promise((done) => setTimeout(done))

async function start() {
  const [store, http] = await Promise.all([import('./session'), import('../api/http')])
  store.startSession()
  return { ...store, request: http.request, ApiError: http.ApiError }
}

test('without users, a request waits for nothing but the answer who calls', async () => {
  const host = testSession(null, { mode: 'open', caller: { kind: 'host', name: null, role: null } })
  answers = { 'GET /api/session': session(host), 'GET /api/devices': [{ body: [] }] }
  const { request, entry, may } = await start()
  expect(entry.value).toBe('loading')
  await request('GET', 'api/devices')
  expect(asked).toEqual(['GET /api/session', 'GET /api/devices'])
  expect(entry.value).toBe('page')
  expect(may('admin')).toBe(true)
})

test('where a login is needed, nothing is sent before it', async () => {
  answers = {
    'GET /api/session': session(testSession(null), testSession('viewer')),
    'POST /api/session': session(testSession('viewer', { last_login: { at: '2026-11-29T10:00:00Z', address: '192.0.2.7' } })),
    'GET /api/devices': [{ body: [] }],
  }
  const { request, entry, logIn } = await start()
  const waiting = request('GET', 'api/devices')
  await settled()
  expect(entry.value).toBe('login')
  expect(asked).toEqual(['GET /api/session'])
  await logIn({ name: 'ada', password: 'correct horse' })
  await waiting
  expect(entry.value).toBe('page')
  expect(asked.at(-1)).toBe('GET /api/devices')
  expect(told).toEqual(['logged-in'])
  const { notices } = await import('./notices')
  expect(notices[0]?.text).toMatch(/^Your login before this one was at .* from 192\.0\.2\.7\.$/)
})

test('a session that ends keeps the page, and repeats what was refused after the login', async () => {
  answers = {
    'GET /api/session': session(testSession('operator'), testSession(null), testSession('operator')),
    'POST /api/session': session(testSession('operator')),
    'PATCH /api/devices/7': [REFUSED, { body: { id: 7 } }],
  }
  const { request, entry, logIn, isLoginAsked, may } = await start()
  await settled()
  const saved = request('PATCH', 'api/devices/7', { name: 'OLT-7' })
  await vi.waitFor(() => expect(isLoginAsked.value).toBe(true))
  expect(entry.value).toBe('page')
  expect(may('operate')).toBe(true)
  await logIn({ name: 'ada', password: 'correct horse' })
  expect(await (await saved).json()).toEqual({ id: 7 })
  expect(isLoginAsked.value).toBe(false)
  expect(asked.filter((each) => each.startsWith('PATCH'))).toHaveLength(2)
})

test('several refused requests share one login', async () => {
  answers = {
    'GET /api/session': session(testSession('viewer'), testSession(null), testSession(null), testSession('viewer')),
    'POST /api/session': session(testSession('viewer')),
    'GET /api/a': [REFUSED, {}],
    'GET /api/b': [REFUSED, {}],
  }
  const { request, logIn, isLoginAsked } = await start()
  await settled()
  const both = Promise.all([request('GET', 'api/a'), request('GET', 'api/b')])
  await vi.waitFor(() => expect(isLoginAsked.value).toBe(true))
  answers['GET /api/session'] = session(testSession('viewer'))
  await logIn({ name: 'ada', password: 'correct horse' })
  await both
  expect(asked.filter((each) => each === 'POST /api/session')).toHaveLength(1)
})

test('somebody else gets a page of their own: nothing of the one before is sent in their name', async () => {
  const bob = testSession('admin', { caller: { kind: 'user', name: 'bob', role: 'admin' } })
  answers = {
    'GET /api/session': session(testSession('operator'), testSession(null), bob),
    'POST /api/session': session(bob),
    'PATCH /api/devices/7': [REFUSED, {}],
  }
  const { request, logIn, isLoginAsked } = await start()
  await settled()
  void request('PATCH', 'api/devices/7', {})
  await vi.waitFor(() => expect(isLoginAsked.value).toBe(true))
  await logIn({ name: 'bob', password: 'correct horse' })
  await settled()
  expect(reload).toHaveBeenCalledOnce()
  expect(asked.filter((each) => each.startsWith('PATCH'))).toHaveLength(1)
})

test('a browser that keeps no cookie is told so', async () => {
  answers = { 'GET /api/session': session(testSession(null)), 'POST /api/session': session(testSession('viewer')) }
  const { logIn, entry } = await start()
  await expect(logIn({ name: 'ada', password: 'correct horse' })).rejects.toThrow(/Allow cookies/)
  expect(entry.value).toBe('login')
})

test('a wrong password is for the form, with the time to wait', async () => {
  answers = {
    'GET /api/session': session(testSession(null)),
    'POST /api/session': [
      { status: 401, body: { detail: 'Name or password is wrong' } },
      { status: 429, body: { detail: 'Too many attempts' }, headers: { 'retry-after': '30' } },
    ],
  }
  const { logIn, ApiError } = await start()
  const credentials = { name: 'ada', password: 'wrong' }
  await expect(logIn(credentials)).rejects.toThrow('Name or password is wrong')
  const error: unknown = await logIn(credentials).catch((each: unknown) => each)
  expect(error).toBeInstanceOf(ApiError)
  expect(error).toMatchObject({ status: 429, retryAfterS: 30 })
})

test('logging out tells the other tabs and begins anew', async () => {
  answers = { 'GET /api/session': session(testSession('viewer')), 'DELETE /api/session': [{ status: 204 }] }
  const { logOut } = await start()
  await settled()
  told.length = 0
  await logOut()
  expect(told).toEqual(['logged-out'])
  expect(assign).toHaveBeenCalledOnce()
})

test('a server that does not answer leaves the page to its own errors', async () => {
  answers = {}
  const { request, entry } = await start()
  await expect(request('GET', 'api/devices')).rejects.toThrow('The server does not respond.')
  expect(entry.value).toBe('page')
})

test('a server without users answers nobody but its host', async () => {
  answers = { 'GET /api/session': session(testSession(null, { mode: 'open' })) }
  const { entry, request } = await start()
  const send = vi.fn()
  void request('GET', 'api/devices').then(send)
  await settled()
  expect(entry.value).toBe('closed')
  expect(asked).toEqual(['GET /api/session'])
})
