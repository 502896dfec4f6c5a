import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { close, connection, launch, open } from './support/browser'
import { logIn } from './support/login'
import { OtherSite } from './support/otherSite'
import { isMissing, type Program, Proxy } from './support/proxies'
import { Unoc, type UnocOptions } from './support/unoc'

const VITE = 'http://localhost:5173'
/** Without PostgreSQL there is no such resource; before the login the page may not see anything. */
// The last one: browsers use that header only for pages that came over TLS or from this host.
const EXPECTED = [/404.*api\/sync/, /401/, /Cross-Origin-Opener-Policy header has been ignored/]

/** A page of v2's kind: from Vite's origin, with the official client in it. */
let vite: OtherSite
let browser: Browser
beforeAll(async () => {
  vite = await OtherSite.start()
  // Every name leads here, as a page has its own do for DNS rebinding.
  const hosts = ['*.example.org 127.0.0.1', 'example.org 127.0.0.1', `${new URL(VITE).host} ${new URL(vite.at('127.0.0.1')).host}`]
  const rules = hosts.map((rule) => `MAP ${rule}`).join(',')
  browser = await launch([`--host-resolver-rules=${rules}`, '--ignore-certificate-errors'])
})
afterAll(async () => {
  await browser.close()
  await vite.stop()
})

async function withUnoc(options: UnocOptions, journey: (unoc: Unoc) => Promise<void>): Promise<void> {
  const unoc = await Unoc.start(options)
  try {
    await journey(unoc)
  } finally {
    await unoc.stop()
  }
}

/** What the page itself is answered: by the browser, with the headers that it adds. */
async function ask(page: Page, method: string, url: string, body?: object): Promise<number> {
  return page.evaluate(
    async ([method, url, text]) => {
      const headers = { 'content-type': 'application/json' }
      const init = text === null ? { method } : { method, headers, body: text }
      return (await fetch(url, init)).status
    },
    [method, url, body === undefined ? null : JSON.stringify(body)] as const,
  )
}

for (const program of ['nginx', 'caddy', 'haproxy'] as const satisfies readonly Program[]) {
  describe.skipIf(isMissing(program))(program, () => {
    for (const base of ['', '/noc'] as const) {
      test(`the documented block ${base === '' ? 'at the root' : `under ${base}`}`, async () => {
        const host = base === '' ? 'noc.example.org' : 'example.org'
        const flags = ['--allowed-hosts', host, '--trusted-proxies', '127.0.0.1']
        await withUnoc({ flags, basePath: base }, async (unoc) => {
          unoc.addUser('ada', 'admin')
          unoc.useToken('ada')
          const proxy = await Proxy.start(program, base, unoc.port)
          try {
            await useThrough(proxy, unoc)
            // Over TLS, Caddy has no certificate for another name.
            if (program !== 'caddy') expect(await askByOtherName(proxy)).toBe(421)
          } finally {
            await proxy.stop()
          }
        })
      })
    }
  })
}

/** Logs in behind the proxy, writes there, and sees a change from elsewhere at once. */
async function useThrough(proxy: Proxy, unoc: Unoc): Promise<void> {
  const opened = await open(browser, `${proxy.url}/inventory`, { expected: EXPECTED })
  const { page, context } = opened
  await logIn(page, 'ada')
  await connection(page, 'Live')
  // Who uses TLS up to the proxy sends the cookie over TLS only.
  for (const cookie of await context.cookies()) {
    expect(cookie).toMatchObject({ secure: proxy.url.startsWith('https:'), httpOnly: true })
  }
  const socket = page.waitForEvent('websocket')
  await page.reload()
  expect(new URL((await socket).url()).host).toBe(new URL(proxy.url).host)
  await connection(page, 'Live')
  const body = { name: 'POP-proxied', device_type: 'POP', validate_upstream: false }
  expect(await ask(page, 'POST', 'api/devices/provision', body)).toBe(201)
  await page.getByRole('row').filter({ hasText: 'POP-proxied' }).waitFor()
  const id = await unoc.provision('POP-direct', 'POP')
  await page.getByRole('row').filter({ hasText: 'POP-direct' }).waitFor()
  expect(await ask(page, 'DELETE', `api/devices/${id}`)).toBe(204)
  await page.getByRole('row').filter({ hasText: 'POP-direct' }).waitFor({ state: 'detached' })
  await close(opened)
}

/** What a page is answered whose name was pointed at the proxy. */
async function askByOtherName(proxy: Proxy): Promise<number | undefined> {
  const url = proxy.url.replace(/\/\/[^:]+/, '//evil.example.org')
  const context = await browser.newContext()
  const answer = await (await context.newPage()).goto(`${url}/`)
  await context.close()
  return answer?.status()
}

test('a page whose name was pointed at the server reads and changes nothing', () =>
  withUnoc({}, async (unoc) => {
    await unoc.provision('POP-1', 'POP')
    const context = await browser.newContext()
    const page = await context.newPage()
    await page.goto(`http://evil.example.org:${unoc.port}/`)
    await page.getByText('allowed_hosts (UNOC_ALLOWED_HOSTS)').waitFor()
    expect(await ask(page, 'POST', '/api/seed')).toBe(421)
    expect(await ask(page, 'GET', '/api/devices')).toBe(421)
    await context.close()
    expect(await unoc.call<unknown[]>('GET', 'api/devices')).toHaveLength(1)
  }))

/** Connects the official client from a page: the transport in use, or `refused`. */
function listen(page: Page, server: string, transport: string): Promise<string> {
  return page.evaluate(
    ([server, transport]) =>
      new Promise<string>((done) => {
        const { io } = window as unknown as { io: typeof import('socket.io-client').io }
        const socket = io(server, { transports: [transport], reconnection: false })
        socket.on('connect', () => done(socket.io.engine.transport.name))
        socket.on('connect_error', () => done('refused'))
      }),
    [server, transport] as const,
  )
}

test("v2's page gets its answers and its socket with the development features, else neither", async () => {
  for (const isOn of [true, false]) {
    await withUnoc({ devFeatures: isOn }, async (unoc) => {
      const context = await browser.newContext()
      const page = await context.newPage()
      await page.goto(VITE)
      const server = `http://localhost:${unoc.port}`
      const read = ask(page, 'GET', `${server}/api/devices`).catch(() => 'refused')
      expect(await read).toBe(isOn ? 200 : 'refused')
      const body = { name: 'POP-1', device_type: 'POP', validate_upstream: false }
      const write = ask(page, 'POST', `${server}/api/devices/provision`, body).catch(() => 'refused')
      expect(await write).toBe(isOn ? 201 : 'refused')
      for (const transport of ['websocket', 'polling']) {
        expect(await listen(page, server, transport)).toBe(isOn ? transport : 'refused')
      }
      await context.close()
    })
  }
})
