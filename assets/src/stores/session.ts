import { computed, shallowRef } from 'vue'
import { ApiError, guardRequests } from '../api/http'
import { type Credentials, deleteSession, fetchSession, postSession, postSetUp, type Session, type SetUp } from '../api/session'
import { addressText, isAllowed, isClosed, needsLogin, type Permission, userName, whyNot } from '../domain/access'
import { formatTime } from '../utils/format'
import { notify } from './notices'

/** What the tabs of one browser tell each other. */
type Told = 'logged-in' | 'logged-out'

/** Who the caller is; null until the server has said so. After the end of a session still the one that the page is of. */
export const session = shallowRef<Session | null>(null)
/** Somebody has to log in before the page goes on. */
export const isLoginAsked = shallowRef(false)

/** The page is shown: from then on, nothing but its owner's leaving takes it away. */
const wasAdmitted = shallowRef(false)
/** The server did not answer who the caller is. */
const isUnknown = shallowRef(false)

/**
 * What is shown: nothing before it is known who the caller is, the login, a note that the server is closed to this
 * browser, or the page itself, with the login over it once a session has ended.
 */
export const entry = computed<'loading' | 'login' | 'closed' | 'page'>(() => {
  if (wasAdmitted.value) return 'page'
  if (session.value === null) return isUnknown.value ? 'page' : 'loading'
  if (needsLogin(session.value)) return 'login'
  return isClosed(session.value) ? 'closed' : 'page'
})

/** The last answer of the server, which `session` outlives. */
let latest: Session | null = null
let loading: Promise<void> | null = null
let waiting: { promise: Promise<void>; end: () => void } | null = null
let tabs: BroadcastChannel | null = null

/** Whether the caller may do what needs this permission; what they may not is not offered. */
export function may(needed: Permission): boolean {
  return isAllowed(session.value, needed)
}

/** The same for what is not a button, as a key: tells them why they may not. */
export function mayOrSay(needed: Permission): boolean {
  const reason = whyNot(session.value, needed)
  if (reason !== null) notify(reason)
  return reason === null
}

/** Makes requests wait for a login, and asks who the caller is. Called once, for the life of the page. */
export function startSession(): void {
  guardRequests({ ready, logIn: askLogin })
  // Another UNOC may be at the same address below another path.
  tabs = new BroadcastChannel(`unoc ${new URL('.', document.baseURI).pathname}`)
  tabs.onmessage = ({ data }: MessageEvent<Told>) => {
    if (data === 'logged-out') location.reload()
    else void loadSession()
  }
  // Somebody may have logged in by the identity provider, in another tab.
  document.addEventListener('visibilitychange', () => {
    if (isLoginAsked.value && document.visibilityState === 'visible') void loadSession()
  })
  void loadSession().then(() => {
    if (userName(session.value) !== null) tell('logged-in')
  })
}

/** Asks the server who the caller is; what was known stays when it does not answer. */
export function loadSession(): Promise<void> {
  loading ??= fetchSession()
    .then(take, () => {
      isUnknown.value = true
    })
    .finally(() => (loading = null))
  return loading
}

/** Resolves when the server answers this browser, after a login if one is needed. */
export async function ready(): Promise<void> {
  if (latest === null) await loadSession()
  await loggedIn()
}

/** Resolves when somebody is logged in, after the server has refused a request or the live connection. */
export async function askLogin(): Promise<void> {
  // In another tab somebody may have logged in meanwhile.
  await loadSession()
  await loggedIn()
}

/** Logs in, and shows when and where from that was done before. */
export async function logIn(credentials: Credentials): Promise<void> {
  await enter(await postSession(credentials))
}

/** Makes the first user and logs in. */
export async function setUp(first: SetUp): Promise<void> {
  await enter(await postSetUp(first))
}

/** Logs out in all tabs of this browser. */
export async function logOut(): Promise<void> {
  await deleteSession()
  tell('logged-out')
  leave()
}

/** Begins anew, with nothing left of what this page has shown. */
export function leave(): void {
  location.assign(new URL('.', document.baseURI))
}

async function enter(answer: Session): Promise<void> {
  const seen = await fetchSession()
  if (needsLogin(seen)) {
    throw new ApiError(0, 'The browser did not keep the cookie of the session. Allow cookies for this address, then log in again.')
  }
  take(seen)
  tell('logged-in')
  if (answer.last_login === null) return
  const { at, address } = answer.last_login
  notify(`Your login before this one was at ${formatTime(at)} from ${addressText(address)}.`)
}

function take(found: Session): void {
  latest = found
  isUnknown.value = false
  const isAdmitted = !needsLogin(found) && !isClosed(found)
  const owner = wasAdmitted.value ? userName(session.value) : null
  if (isAdmitted && owner !== null && userName(found) !== owner) {
    // What was filled in must not be sent in the name of somebody else.
    location.reload()
    return
  }
  if (isAdmitted || !wasAdmitted.value) session.value = found
  if (!isAdmitted) return
  wasAdmitted.value = true
  isLoginAsked.value = false
  waiting?.end()
  waiting = null
}

function loggedIn(): Promise<void> {
  if (latest === null || !(needsLogin(latest) || isClosed(latest))) return Promise.resolve()
  isLoginAsked.value = needsLogin(latest)
  if (waiting === null) {
    let end = (): void => undefined
    const promise = new Promise<void>((done) => (end = done))
    waiting = { promise, end }
  }
  return waiting.promise
}

function tell(what: Told): void {
  tabs?.postMessage(what)
}
