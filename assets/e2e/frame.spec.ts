import type { Browser, Locator, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Device } from '../src/api/types'
import { act, close, connection, launch, open, type Opened, until } from './support/browser'
import { axeViolations, PAGES } from './support/pages'
import { Unoc } from './support/unoc'

/** A server without a mirror has no such resource. */
const NO_MIRROR = [/404.*api\/sync/]
const AWAY = [/Failed to load resource/, /WebSocket connection/, /dynamically imported module/, /preload CSS/]

let browser: Browser
let unoc: Unoc
let gateway: number
let core: number

beforeAll(async () => {
  ;[unoc, browser] = await Promise.all([Unoc.start(), launch()])
  gateway = await unoc.provision('GW-1', 'BACKBONE_GATEWAY')
  core = await unoc.provision('CORE-1', 'CORE_ROUTER')
  await unoc.connect(gateway, core)
})
afterAll(async () => {
  await browser.close()
  await unoc.stop()
})

async function visit(path: string, size = { width: 1440, height: 900 }): Promise<Opened> {
  const opened = await open(browser, unoc.url + path, { expected: NO_MIRROR, size })
  await connection(opened.page, 'Live')
  return opened
}

function panel(page: Page, name: string): Locator {
  return page.getByRole('complementary', { name: `Device ${name}` })
}

async function override(id: number, status: string, reason: string): Promise<void> {
  await unoc.call('POST', `api/devices/${id}/override-status`, { status, reason })
}

async function device(id: number): Promise<Device> {
  return unoc.call<Device>('GET', `api/devices/${id}`)
}

describe.each([{ width: 1440, height: 900 }, { width: 390, height: 844 }])('at $width px', (size) => {
  test('every dialog is centred', async () => {
    await override(gateway, 'UP', 'in service')
    const opened = await visit(`/inventory?device=${gateway}`, size)
    const { page } = opened
    const dialog = page.getByRole('dialog')
    const middle = async (name: string): Promise<void> => {
      await dialog.getByRole('heading', { name }).waitFor()
      const box = await dialog.boundingBox()
      if (box === null) throw new Error('the dialog is not drawn')
      expect(Math.abs(box.x + box.width / 2 - size.width / 2), name).toBeLessThan(2)
      expect(Math.abs(box.y + box.height / 2 - size.height / 2), name).toBeLessThan(2)
      await page.keyboard.press('Escape')
      await dialog.waitFor({ state: 'detached' })
    }
    await panel(page, 'GW-1').getByRole('button', { name: 'Clear override' }).click()
    await middle('Clear the override on GW-1?')
    await panel(page, 'GW-1').getByRole('button', { name: 'Edit' }).click()
    await middle('Edit GW-1')
    for (const action of ['Provision a device', 'Connect two devices', 'Import devices from CSV']) {
      await act(page, action)
      await middle(action)
    }
    await close(opened)
  })
})

test.each(['DOWN', 'UP', 'DEGRADED'])('an override to %s is cleared and restored by undo', async (status) => {
  const reason = 'splice work, ticket 4711'
  await override(gateway, status, reason)
  const opened = await visit(`/operations?device=${gateway}`)
  const { page } = opened
  const notices = page.getByRole('region', { name: 'Notices' })
  await panel(page, 'GW-1').getByRole('button', { name: 'Clear override' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Clear override' }).click()
  await notices.getByText('Cleared the override on GW-1.').waitFor()
  expect((await device(gateway)).status_override).toBeNull()
  expect(await axeViolations(page)).toEqual([])
  await notices.getByRole('button', { name: 'Undo' }).click()
  await notices.getByText('Undone: Cleared the override on GW-1.').waitFor()
  expect(await device(gateway)).toMatchObject({ status_override: status, override_reason: reason })
  await close(opened)
})

test('the override of a link is cleared and restored by undo', async () => {
  await unoc.call('DELETE', `api/devices/${gateway}/override`)
  const [link] = await unoc.call<{ id: number }[]>('GET', 'api/links')
  const path = `api/links/${link?.id}`
  await unoc.call('PATCH', path, { status_override: 'DOWN', override_reason: 'digger' })
  const opened = await visit('/operations/problems')
  const { page } = opened
  await page.getByRole('button', { name: /^Clear override on GW-1/ }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Clear override' }).click()
  await page.getByRole('heading', { name: 'No problems' }).waitFor()
  await page.getByRole('button', { name: 'Undo' }).click()
  await page.getByText(/^Undone: Cleared the override on GW-1/).waitFor()
  await page.getByText('digger').waitFor()
  expect(await unoc.call('GET', path)).toMatchObject({ status_override: 'DOWN', override_reason: 'digger' })
  await unoc.call('DELETE', `${path}/override`)
  await close(opened)
})

test('the Overview names the largest problem, not the oldest', async () => {
  const opened = await open(browser, 'about:blank', { expected: NO_MIRROR })
  const { page } = opened
  const problem = { kind: 'device', place: null, problem: 'held', severity: 'critical', override_reason: null, device_ids: [] }
  const ago = (minutes: number): string => new Date(Date.now() - minutes * 60_000).toISOString()
  const problems = [
    { ...problem, id: 901, name: 'ONT-7', leaf_count: 1, device_count: 0, since: ago(60 * 24 * 9) },
    { ...problem, id: 902, name: 'OLT-1', leaf_count: 512, device_count: 530, since: ago(12) },
  ]
  await page.route('**/api/problems', (route) => route.fulfill({ json: { count: 2, planned_count: 0, problems } }))
  await page.goto(`${unoc.url}/operations`)
  const summary = page.locator('main').getByText(/largest/)
  await summary.getByText('for 12 min').waitFor()
  expect((await summary.innerText()).replaceAll('\u00a0', ' ')).toBe('2 problems, 2 critical; largest: OLT-1, for 12 min')
  await close(opened)
})

test('a site without a verified backup is not called healthy', async () => {
  const fresh = await Unoc.start()
  const opened = await open(browser, `${fresh.url}/operations/health`, { expected: NO_MIRROR })
  const { page } = opened
  const chip = page.getByRole('banner').getByRole('link', { name: /^Health/ })
  await chip.getByText('No verified backup').waitFor()
  await page.getByRole('row', { name: /Backups/ }).getByText('None verified').waitFor()
  await fresh.call('POST', 'api/backups')
  await chip.getByText('Healthy').waitFor()
  await close(opened)
  await fresh.stop()
})

test('a page that was never connected shows Connecting', async () => {
  const opened = await open(browser, 'about:blank', { expected: [...NO_MIRROR, ...AWAY] })
  const { page } = opened
  await page.routeWebSocket(/socket\.io/, () => undefined)
  await page.route('**/socket.io/**', (route) => route.abort())
  await page.goto(`${unoc.url}/operations`)
  await connection(page, 'Connecting')
  expect(await page.getByText('Reconnecting').count()).toBe(0)
  await close(opened)
})

test('Back closes the panel, and closing it leaves no step that does nothing', async () => {
  const opened = await visit('/operations')
  const { page } = opened
  const query = (): string => new URL(page.url()).search
  await page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name: 'Inventory' }).click()
  const row = page.getByRole('row', { name: /GW-1/ })
  await row.focus()
  await page.keyboard.press('Enter')
  await panel(page, 'GW-1').waitFor()
  await page.goBack()
  await panel(page, 'GW-1').waitFor({ state: 'detached' })
  expect(new URL(page.url()).pathname).toBe('/inventory')
  await until('the row has the focus again', () => row.evaluate((each) => each === document.activeElement))
  await page.goForward()
  await panel(page, 'GW-1').waitFor()
  // Each device that was opened is a step.
  await page.getByRole('row', { name: /CORE-1/ }).click()
  await panel(page, 'CORE-1').waitFor()
  await page.goBack()
  await panel(page, 'GW-1').waitFor()
  await panel(page, 'GW-1').getByRole('button', { name: 'Close' }).click()
  await until('the panel left the address', () => Promise.resolve(query() === ''))
  await page.goBack()
  await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor()
  await close(opened)
})

test('pages that were never opened open while the server is away', async () => {
  const own = await Unoc.start()
  await own.provision('GW-1', 'BACKBONE_GATEWAY')
  const opened = await open(browser, `${own.url}/settings`, { expected: [...NO_MIRROR, ...AWAY] })
  const { page } = opened
  await connection(page, 'Live')
  await until('all parts are there', () => page.evaluate(allPartsFetched))
  await own.kill()
  await connection(page, 'Reconnecting')
  for (const { heading } of PAGES) {
    await page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name: heading }).click()
    await page.getByRole('heading', { level: 1, name: heading }).waitFor()
    expect(await page.getByText('could not be loaded').count(), heading).toBe(0)
  }
  await act(page, 'Provision a device')
  await page.getByRole('dialog').getByRole('heading', { name: 'Provision a device' }).waitFor()
  await close(opened)
  await own.stop()
})

test('a page that cannot be loaded shows that, and opens when the server is back', async () => {
  const own = await Unoc.start()
  const opened = await open(browser, 'about:blank', { expected: [...NO_MIRROR, ...AWAY] })
  const { page } = opened
  await page.route(/assets\/(JobsView|ProvisionDialog)/, (route) => route.abort())
  await page.goto(`${own.url}/settings`)
  await connection(page, 'Live')
  await own.kill()
  await connection(page, 'Reconnecting')
  await page.getByRole('link', { name: 'Jobs' }).click()
  await page.getByRole('heading', { name: 'The Jobs page could not be loaded' }).waitFor()
  expect(new URL(page.url()).pathname).toBe('/operations/jobs')
  expect(await axeViolations(page)).toEqual([])
  await act(page, 'Provision a device')
  await page.getByText('This part of the page has not been loaded yet').waitFor()
  await page.unroute(/assets\/(JobsView|ProvisionDialog)/)
  await own.run()
  await page.getByText('Every day at 05:00').waitFor()
  await act(page, 'Provision a device')
  await page.getByRole('dialog').getByRole('heading', { name: 'Provision a device' }).waitFor()
  await close(opened)
  await own.stop()
})

/** Runs in the page. */
function allPartsFetched(): boolean {
  const named = document.querySelector<HTMLMetaElement>('meta[name="unoc-parts"]')?.content.split(' ') ?? []
  const fetched = performance.getEntriesByType('resource').map(({ name }) => new URL(name).pathname)
  return named.length > 20 && named.every((file) => fetched.some((path) => path.endsWith(file)))
}
