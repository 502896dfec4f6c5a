import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { clicks, close, countClicks, LAPTOP, launch, open, type Opened, openSearch, TELEPHONE, until } from './support/browser'
import { axeViolations, overflow } from './support/pages'
import { Unoc } from './support/unoc'

/** Without PostgreSQL there is no such resource. */
const EXPECTED = [/404.*api\/sync/, /404.*api\/devices/, /400|409/]

let browser: Browser
let unoc: Unoc
let splitter: number

beforeAll(async () => {
  browser = await launch()
  unoc = await Unoc.start()
  const fibre = { length_km: 2, physical_medium_id: 'G652D' }
  const chain = [
    await unoc.provision('GW', 'BACKBONE_GATEWAY'),
    await unoc.provision('CORE', 'CORE_ROUTER'),
    await unoc.provision('EDGE', 'EDGE_ROUTER'),
    await unoc.provision('OLT', 'OLT'),
  ]
  splitter = await unoc.provision('SPL', 'SPLITTER')
  const ont = await unoc.provision('ONT-1', 'ONT')
  for (const [at, device] of [...chain, splitter, ont].entries()) {
    if (at > 0) await unoc.connect([...chain, splitter][at - 1] ?? 0, device, fibre)
  }
})

afterAll(async () => {
  await browser.close()
  await unoc.stop()
})

async function visit(path: string, size = LAPTOP): Promise<Opened> {
  const opened = await open(browser, 'about:blank', { expected: EXPECTED, size })
  await opened.page.goto(unoc.url + path)
  return opened
}

async function linkCount(): Promise<number> {
  return (await unoc.call<unknown[]>('GET', 'api/links')).length
}

async function deleteSplitter(page: Page): Promise<void> {
  await page.getByRole('complementary').getByRole('button', { name: 'Delete' }).click()
  const dialog = page.getByRole('dialog', { name: /Delete/ })
  await dialog.getByRole('textbox').fill('SPL')
  await dialog.getByRole('button', { name: 'Delete' }).click()
  await dialog.waitFor({ state: 'detached' })
  await until('it is deleted', async () => (await linkCount()) === 3)
}

test.each([LAPTOP, TELEPHONE])('a deleted device is undone after a reload with 3 clicks', async (size) => {
  const opened = await visit(`/inventory?device=${splitter}`, size)
  const { page } = opened
  await deleteSplitter(page)
  await countClicks(page)
  await page.goto(`${unoc.url}/operations/audit`)
  await page.getByRole('button', { name: /delete device/i }).first().click()
  await page.getByRole('button', { name: 'Undo…' }).first().click()
  const dialog = page.getByRole('dialog', { name: /^Undo/ })
  await dialog.getByText(/1\ssubscriber gets service/).waitFor()
  expect(await axeViolations(page)).toEqual([])
  expect(await overflow(page)).toBeLessThanOrEqual(0)
  await dialog.getByRole('button', { name: 'Undo', exact: true }).click()
  await page.getByText(/^Undone: Delete device: SPL/).waitFor()
  expect(await clicks(page)).toBe(3)
  expect(await linkCount()).toBe(5)
  await page.getByText('It was undone.').waitFor()
  await close(opened)
})

test('the notice of a deletion undoes it, and Ctrl K finds the last change after a reload', async () => {
  const opened = await visit(`/inventory?device=${splitter}`)
  const { page } = opened
  await deleteSplitter(page)
  await page.getByRole('button', { name: 'Undo', exact: true }).click()
  await page.getByText(/^Undone: Deleted SPL/).waitFor()
  expect(await linkCount()).toBe(5)
  await page.goto(`${unoc.url}/inventory?device=${splitter}`)
  await deleteSplitter(page)
  await page.reload()
  await openSearch(page)
  await page.keyboard.type('undo my last')
  await page.keyboard.press('Enter')
  const dialog = page.getByRole('dialog', { name: /^Undo/ })
  await dialog.getByText(/1\ssubscriber gets service/).waitFor()
  await dialog.getByRole('button', { name: 'Undo', exact: true }).click()
  await until('it is back', async () => (await linkCount()) === 5)
  await close(opened)
})

test('an undo that the server could not do can be tried again', async () => {
  await unoc.call('PATCH', `api/devices/${splitter}`, { x: 7, y: 0 })
  const opened = await visit('/operations/audit')
  const { page } = opened
  opened.pageErrors.expected.push(/503/)
  await page.getByRole('button', { name: /update device/i }).first().click()
  await page.getByRole('button', { name: 'Undo…' }).first().click()
  const dialog = page.getByRole('dialog', { name: /^Undo/ })
  const button = dialog.getByRole('button', { name: 'Undo', exact: true })
  const place = '**/api/audit/*/undo'
  await page.route(place, (route) => route.fulfill({ status: 503, json: { detail: 'The server is busy' } }))
  await button.click()
  await dialog.getByRole('alert').getByText('The server is busy').waitFor()
  expect(await dialog.getByText('It cannot be undone').count()).toBe(0)
  await page.unroute(place)
  await button.click()
  await page.getByText(/^Undone: /).waitFor()
  await close(opened)
})

test('what stands in the way is listed', async () => {
  await unoc.call('PATCH', `api/devices/${splitter}`, { name: 'SPL-2' })
  await unoc.call('PATCH', `api/devices/${splitter}`, { name: 'SPL' })
  await unoc.call('PATCH', `api/devices/${splitter}`, { name: 'SPL-3' })
  const opened = await visit('/operations/audit')
  const { page } = opened
  await page.getByRole('button', { name: /update device/i }).nth(2).click()
  await page.getByRole('button', { name: 'Undo…' }).first().click()
  const dialog = page.getByRole('dialog', { name: /^Undo/ })
  await dialog.getByText('The name of SPL-3 was changed meanwhile').waitFor()
  expect(await dialog.getByRole('button', { name: 'Undo', exact: true }).isDisabled()).toBe(true)
  await close(opened)
})
