import type { Browser, Page, Request } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { close, connection, launch, open, type Opened, until } from './support/browser'
import { logIn } from './support/login'
import { OtherSite } from './support/otherSite'
import { PASSWORD, Unoc } from './support/unoc'

/**
 * A page of another origin, in the browser of somebody who is logged in. By the address 127.0.0.1 with another port it
 * is of the same site, so that browsers add the cookie to what it sends; by the name localhost it is of another one.
 */
const HOSTS = ['127.0.0.1', 'localhost'] as const
const NO_MIRROR = /404.*api\/sync/
const DEVICE = JSON.stringify({ name: 'EVIL', device_type: 'OLT', validate_upstream: false })
const TABLE = 'name,type\nEVIL,POP\n'
const LOGIN = JSON.stringify({ name: 'mallory', password: PASSWORD })

interface AuditRow {
  id: number
  actor: string
  action: string
}

let browser: Browser
let unoc: Unoc
let olt: number
let victim: Opened
let evil: OtherSite

beforeAll(async () => {
  browser = await launch()
  unoc = await Unoc.start()
  olt = await unoc.provision('OLT-1', 'OLT')
  for (const name of ['ada', 'mallory']) unoc.addUser(name, 'admin')
  unoc.useToken('ada')
  victim = await open(browser, `${unoc.url}/operations/audit`, { expected: [NO_MIRROR, /401/] })
  await logIn(victim.page, 'ada')
  await connection(victim.page, 'Live')
  // From here on the appliance itself answers, also with UNOC_DIST.
  await victim.context.unrouteAll()
  // A form that a person is talked into sending; its text is JSON.
  evil = await OtherSite.start(`
    <form method="post" enctype="text/plain" action="${unoc.url}/api/devices/provision">
      <input name='{"name":"EVIL","device_type":"OLT","x' value='":1}'><button>Win a telephone</button>
    </form>`)
})

afterAll(async () => {
  await close(victim)
  await evil.stop()
  await browser.close()
  await unoc.stop()
})

function trail(): Promise<AuditRow[]> {
  return unoc.call('GET', 'api/audit?limit=200')
}

let before: AuditRow[]

beforeEach(async () => {
  before = await trail()
})

/** Nothing was done: neither to the site nor to who is logged in, and the audit trail has no new row. */
afterEach(async () => {
  expect(await trail()).toEqual(before)
  const devices = await unoc.call<{ id: number; name: string }[]>('GET', 'api/devices')
  expect(devices).toMatchObject([{ id: olt, name: 'OLT-1' }])
  const { page } = victim
  const caller = await page.evaluate(async () => ((await (await fetch('api/session')).json()) as { caller: object }).caller)
  expect(caller).toMatchObject({ kind: 'user', name: 'ada' })
  expect(await page.getByRole('dialog').count()).toBe(0)
})

/** Runs an attack in a tab of the victim's browser, and returns what that sent to the appliance. */
async function attack(host: (typeof HOSTS)[number], run: (page: Page) => Promise<void>): Promise<Request[]> {
  const page = await victim.context.newPage()
  const sent: Request[] = []
  page.on('request', (request) => {
    if (request.url().startsWith(unoc.url)) sent.push(request)
  })
  await page.goto(evil.at(host))
  await run(page)
  // The appliance answers in turn: what came before this has been decided.
  await unoc.call('GET', 'api/session')
  await page.close()
  return sent
}

/** Sends a request as only scripts do; tells whether the page could read an answer. */
function send(page: Page, path: string, init: RequestInit): Promise<string> {
  return page.evaluate(
    async ([url, init]) => {
      const answer = await fetch(url, { credentials: 'include', ...init }).catch(() => null)
      return answer === null || answer.type === 'opaque' ? 'unread' : `read ${answer.status}`
    },
    [`${unoc.url}/${path}`, init] as const,
  )
}

describe.each(HOSTS)('a page of another origin, by %s,', (host) => {
  const isSameSite = host === '127.0.0.1'

  test('sends a form', async () => {
    const sent = await attack(host, async (page) => {
      const answer = page.waitForResponse(`${unoc.url}/api/devices/provision`)
      await page.getByRole('button', { name: 'Win a telephone' }).click()
      expect((await answer).status()).toBe(403)
      // The attack is real: the browser sent the cookie.
      const { cookie } = await (await answer).request().allHeaders()
      if (isSameSite) expect(cookie).toContain('unoc_session=')
    })
    expect(sent).toHaveLength(1)
  })

  test('sends what browsers send unasked: JSON and tables as text/plain, a beacon, a login', async () => {
    const sent = await attack(host, async (page) => {
      for (const [path, body] of [
        ['api/devices/provision', DEVICE],
        ['api/import/devices', TABLE],
        ['api/session', LOGIN],
        ['api/undo', '{}'],
        ['api/backups', ''],
        [`api/devices/${olt}/override-status`, JSON.stringify({ admin_override_status: 'DOWN' })],
      ] as const) {
        const init: RequestInit = { method: 'POST', mode: 'no-cors', headers: { 'content-type': 'text/plain' }, body }
        expect(await send(page, path, init), path).toBe('unread')
      }
      const beacon = page.waitForRequest(`${unoc.url}/api/import/csv`)
      await page.evaluate(([url, table]) => navigator.sendBeacon(url, table), [`${unoc.url}/api/import/csv`, TABLE] as const)
      await beacon
      expect(await send(page, 'api/session', { mode: 'no-cors' })).toBe('unread')
    })
    expect(sent.filter((request) => request.method() === 'POST')).toHaveLength(7)
  })

  test('sends JSON, changes and deletions, for which browsers ask the server first', async () => {
    await attack(host, async (page) => {
      const headers = { 'content-type': 'application/json' }
      expect(await send(page, 'api/devices/provision', { method: 'POST', headers, body: DEVICE })).toBe('unread')
      expect(await send(page, `api/devices/${olt}`, { method: 'PATCH', headers, body: '{"name":"EVIL"}' })).toBe('unread')
      expect(await send(page, `api/devices/${olt}`, { method: 'DELETE' })).toBe('unread')
      expect(await send(page, 'api/session', { method: 'DELETE' })).toBe('unread')
    })
  })

  test('reads by scripts, and as images, scripts and style sheets', async () => {
    // Exporting the audit trail is the read that leaves a row in it.
    const paths = ['api/audit/export?format=jsonl', 'api/devices', 'api/export', 'api/session']
    await attack(host, async (page) => {
      for (const path of paths) {
        expect(await send(page, path, {}), path).toBe('unread')
        expect(await send(page, path, { mode: 'no-cors' }), path).toBe('unread')
        for (const tag of ['img', 'script', 'link'] as const) {
          expect(await load(page, tag, `${unoc.url}/${path}`), `${tag} ${path}`).toBe('error')
        }
      }
    })
  })

  test('shows the page in a frame, and opens it in a window', async () => {
    await attack(host, async (page) => {
      for (const path of ['operations/audit', 'docs']) {
        expect(await frame(page, `${unoc.url}/${path}`), path).toBe('')
      }
      // A frame is a read for another site, where nobody is logged in.
      expect(await frame(page, `${unoc.url}/api/devices`)).toContain('Log in')
      const opened = page.waitForEvent('popup')
      await page.evaluate((url) => Object.assign(window, { stolen: window.open(url) }), `${unoc.url}/inventory`)
      const popup = await opened
      await popup.getByRole('heading', { level: 1, name: 'Inventory' }).waitFor()
      // The opener has no hold of it (Cross-Origin-Opener-Policy).
      expect(await page.evaluate(() => (window as unknown as { stolen: Window }).stolen.closed)).toBe(true)
      await popup.close()
    })
  })

  test('opens a live connection', async () => {
    await attack(host, async (page) => {
      for (const transport of ['websocket', 'polling']) {
        for (const namespace of ['', '/live']) {
          expect(await listen(page, unoc.url + namespace, transport), transport + namespace).toBe('refused')
        }
      }
      expect(await webSocket(page, `${unoc.url.replace('http', 'ws')}/socket.io/?EIO=4&transport=websocket`)).toBe('refused')
    })
  })
})

/** Loads an address as a part of the page: `load` or `error`. */
function load(page: Page, tag: 'img' | 'script' | 'link', url: string): Promise<string> {
  return page.evaluate(
    ([tag, url]) =>
      new Promise<string>((done) => {
        const part = document.createElement(tag)
        part.addEventListener('load', () => done('load'))
        part.addEventListener('error', () => done('error'))
        Object.assign(part, tag === 'link' ? { rel: 'stylesheet', href: url } : { src: url })
        document.body.append(part)
      }),
    [tag, url] as const,
  )
}

/** The text of a frame with this address, which the visitor could be made to click on. */
async function frame(page: Page, url: string): Promise<string> {
  await page.evaluate((url) => {
    const part = document.createElement('iframe')
    part.src = url
    document.body.replaceChildren(part)
  }, url)
  await until('the browser has decided', async () => {
    const child = page.frames().find((each) => each !== page.mainFrame())
    return child !== undefined && child.url() !== '' && child.url() !== 'about:blank'
  })
  const child = page.frames().find((each) => each !== page.mainFrame())
  if (child === undefined || child.url().startsWith('chrome-error:')) return ''
  return (await child.locator('body').textContent()) ?? ''
}

/** Connects the official client: the transport in use, or `refused`. */
function listen(page: Page, server: string, transport: string): Promise<string> {
  return page.evaluate(
    ([server, transport]) =>
      new Promise<string>((done) => {
        const { io } = window as unknown as { io: typeof import('socket.io-client').io }
        const socket = io(server, { transports: [transport], reconnection: false, withCredentials: true, forceNew: true })
        socket.on('connect', () => done(socket.io.engine.transport.name))
        socket.on('connect_error', () => done('refused'))
      }),
    [server, transport] as const,
  )
}

/** Opens a bare WebSocket: its first message, or `refused`. */
function webSocket(page: Page, url: string): Promise<string> {
  return page.evaluate(
    (url) =>
      new Promise<string>((done) => {
        const socket = new WebSocket(url)
        socket.onmessage = ({ data }) => done(String(data))
        socket.onclose = () => done('refused')
      }),
    url,
  )
}
