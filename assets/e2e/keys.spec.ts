import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { act, close, launch, open, type Opened, openSearch, TELEPHONE } from './support/browser'
import { axeViolations, brokenWords, overflow } from './support/pages'
import { Unoc } from './support/unoc'

/** Without PostgreSQL there is no such resource; nor is a problem that is over. */
const NO_MIRROR = [/404.*api\/(sync|problems)/]

let browser: Browser
let unoc: Unoc
const ids = new Map<string, number>()

beforeAll(async () => {
  browser = await launch()
  unoc = await Unoc.start()
  const types = { GW: 'BACKBONE_GATEWAY', CORE: 'CORE_ROUTER', EDGE: 'EDGE_ROUTER', OLT: 'OLT', 'ONT-1': 'ONT', 'ONT-2': 'ONT' }
  for (const [name, type] of Object.entries(types)) ids.set(name, await unoc.provision(name, type))
  for (const [a, b] of [['GW', 'CORE'], ['CORE', 'EDGE'], ['EDGE', 'OLT'], ['OLT', 'ONT-1'], ['OLT', 'ONT-2']] as const) {
    await unoc.connect(ids.get(a) ?? 0, ids.get(b) ?? 0, { length_km: 1, physical_medium_id: 'G652D' })
  }
})

afterAll(async () => {
  await browser.close()
  await unoc.stop()
})

function id(name: string): number {
  return ids.get(name) ?? 0
}

function visit(path: string, more: object = {}): Promise<Opened> {
  return open(browser, unoc.url + path, { expected: NO_MIRROR, ...more })
}

/** What the panel shows, waited for. */
async function panel(page: Page, name: string): Promise<void> {
  await page.getByRole('complementary', { name }).waitFor()
}

test.each(['light', 'dark'] as const)('the question mark opens the list of keys, %s', async (theme) => {
  const opened = await visit('/inventory', { theme })
  const { page } = opened
  await page.locator(`[role=row][data-id="${id('OLT')}"]`).waitFor()
  await page.keyboard.press('?')
  const dialog = page.getByRole('dialog', { name: 'Keys' })
  for (const title of ['Everywhere', 'Inventory, links and logs', 'Topology']) {
    await dialog.getByRole('heading', { name: title }).waitFor()
  }
  await dialog.getByText('Search, or act on what is selected').waitFor()
  expect(await axeViolations(page)).toEqual([])
  await page.keyboard.press('Escape')
  await dialog.waitFor({ state: 'detached' })
  // In a field, a question mark is text.
  await page.keyboard.press('/')
  await page.keyboard.type('ont?')
  expect(await page.getByRole('searchbox').inputValue()).toBe('ont?')
  expect(await dialog.count()).toBe(0)
  await close(opened)
})

test('the list of keys fits a telephone', async () => {
  const opened = await visit('/settings', { size: TELEPHONE })
  const { page } = opened
  await page.getByRole('heading', { name: 'Everywhere' }).waitFor()
  await act(page, 'Show the keys')
  await page.getByRole('dialog', { name: 'Keys' }).waitFor()
  expect(await overflow(page)).toBe(0)
  expect(await brokenWords(page)).toEqual([])
  await close(opened)
})

test('Back goes from the dialog to the panel, to the list, to the page before', async () => {
  const opened = await visit('/operations')
  const { page } = opened
  const dialog = page.getByRole('dialog')
  await page.getByRole('link', { name: 'Inventory' }).click()
  await page.locator(`[role=row][data-id="${id('OLT')}"]`).click()
  await panel(page, 'Device OLT')
  await page.getByRole('complementary').getByRole('button', { name: 'Override…' }).click()
  await dialog.getByText('What will happen').waitFor()
  await page.goBack()
  await dialog.waitFor({ state: 'detached' })
  await panel(page, 'Device OLT')
  // One that is closed otherwise leaves no step behind.
  for (const end of ['Escape', 'Cancel']) {
    await page.getByRole('complementary').getByRole('button', { name: 'Edit' }).click()
    await dialog.waitFor()
    if (end === 'Escape') await page.keyboard.press('Escape')
    else await dialog.getByRole('button', { name: 'Cancel' }).click()
    await dialog.waitFor({ state: 'detached' })
  }
  await openSearch(page)
  await dialog.waitFor()
  await page.goBack()
  await dialog.waitFor({ state: 'detached' })
  await panel(page, 'Device OLT')
  await page.goBack()
  await page.getByRole('complementary').waitFor({ state: 'detached' })
  expect(new URL(page.url()).pathname).toBe('/inventory')
  await page.goBack()
  await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor()
  await close(opened)
})

test('Back after an answered question does not ask it again', async () => {
  const opened = await visit('/inventory')
  const { page } = opened
  await page.getByRole('row').filter({ hasText: 'ONT-2' }).click()
  await panel(page, 'Device ONT-2')
  await page.getByRole('complementary').getByRole('button', { name: 'Edit' }).click()
  await page.getByRole('dialog').getByLabel('Name').fill('ONT-2b')
  await page.getByRole('dialog').getByRole('button', { name: 'Save' }).click()
  await panel(page, 'Device ONT-2b')
  await page.goBack()
  await page.getByRole('complementary').waitFor({ state: 'detached' })
  expect(await page.getByRole('dialog').count()).toBe(0)
  await page.getByRole('button', { name: 'Undo' }).click()
  await page.getByRole('grid').getByText('ONT-2', { exact: true }).waitFor()
  await close(opened)
})

test('a deleted device takes its panel with it, and Back does not bring it back', async () => {
  const spare = await unoc.provision('SPARE', 'ONT')
  const opened = await visit('/inventory')
  const { page } = opened
  await page.getByRole('row').filter({ hasText: 'SPARE' }).click()
  await panel(page, 'Device SPARE')
  await page.getByRole('complementary').getByRole('button', { name: 'Delete' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Delete', exact: true }).click()
  await page.getByRole('complementary').waitFor({ state: 'detached' })
  await expect.poll(() => page.url()).not.toContain(`device=${spare}`)
  expect(await page.getByRole('dialog').count()).toBe(0)
  expect(id('GW')).toBeGreaterThan(0)
  await close(opened)
})

/** Opens the search and returns its first options for a text. */
async function options(page: Page, text: string): Promise<string[]> {
  await openSearch(page)
  const search = page.getByRole('dialog', { name: 'Search' })
  await search.getByRole('combobox').fill(text)
  return search.getByRole('option').allInnerTexts()
}

test('Ctrl K acts on what is selected: without a click, two ticked devices are overridden', async () => {
  const opened = await visit('/inventory?q=ONT')
  const { page } = opened
  await page.getByText('2 of 6 devices').waitFor()
  await page.locator('[role="row"][tabindex="0"]').focus()
  await page.keyboard.press('Control+a')
  expect((await options(page, ''))[0]).toBe('Override 2\u00a0selected devices…')
  await page.keyboard.press('Enter')
  const dialog = page.getByRole('dialog', { name: /Override the status/ })
  await dialog.getByText('2 subscribers lose service').waitFor()
  await page.keyboard.press('Enter')
  await dialog.waitFor({ state: 'detached' })
  await page.getByRole('row').filter({ hasText: 'ONT-1' }).filter({ hasText: 'DOWN' }).waitFor()
  // After the notice has gone, the change is still undone by Ctrl K.
  await page.getByRole('button', { name: 'Dismiss' }).first().click()
  expect((await options(page, 'undo my last'))[0]).toMatch(/^Undo my last change/)
  await page.keyboard.press('Enter')
  const undo = page.getByRole('dialog', { name: /^Undo/ })
  await undo.getByText('2 subscribers get service').waitFor()
  await undo.getByRole('button', { name: 'Undo', exact: true }).click()
  await page.getByText(/^Undone: Set overrides/).waitFor()
  await page.getByRole('row').filter({ hasText: 'ONT-1' }).filter({ hasText: 'UP' }).waitFor()
  await close(opened)
})

test('Ctrl K acts on the device of the panel', async () => {
  const opened = await visit(`/operations?device=${id('OLT')}`)
  const { page } = opened
  await panel(page, 'Device OLT')
  const all = await options(page, 'OLT')
  for (const text of ['Override OLT…', 'Edit OLT', 'Connect OLT', 'Show OLT on the map', 'Copy link to OLT', 'Delete OLT…']) {
    expect(all).toContain(text)
  }
  await page.getByRole('option', { name: 'Find what is behind OLT' }).click()
  await page.getByText('2 of 6 devices').waitFor()
  expect(page.url()).toMatch(/\/inventory\?behind=device-\d+$/)
  await page.getByRole('group', { name: 'Behind' }).getByText('Devices that lose service with OLT').waitFor()
  await page.getByRole('row').filter({ hasText: 'ONT-2' }).waitFor()
  expect(await axeViolations(page)).toEqual([])
  await page.getByRole('button', { name: 'Show all devices' }).click()
  await page.getByText('6 devices', { exact: true }).waitFor()
  await act(page, 'Print this page')
  await close(opened)
})

test('Ctrl K acts on the cause of a problem: its override is cleared without a click', async () => {
  const override = { status_override: 'DOWN', override_reason: 'excavator' }
  await unoc.call('PATCH', `api/devices/${id('ONT-1')}/override`, override)
  const opened = await visit(`/operations/problems/device/${id('ONT-1')}`)
  const { page } = opened
  await page.getByRole('heading', { level: 1, name: 'ONT-1' }).waitFor()
  await act(page, 'Clear the override on ONT-1')
  const dialog = page.getByRole('dialog', { name: /Clear the override/ })
  await dialog.getByText('1 subscriber gets service').waitFor()
  await page.keyboard.press('Tab')
  await page.keyboard.press('Enter')
  await page.getByRole('heading', { name: 'Not a problem any more' }).waitFor()
  await close(opened)
})

test('what is behind a link is a list of its own', async () => {
  const [first] = await unoc.call<{ id: number }[]>('GET', 'api/links?limit=1')
  const opened = await visit(`/links?link=${first?.id}`)
  const { page } = opened
  await page.getByRole('complementary').getByRole('link', { name: 'Show them in the inventory' }).click()
  await page.getByText('5 of 6 devices').waitFor()
  await page.getByRole('group', { name: 'Behind' }).getByRole('button', { name: 'GW – CORE' }).click()
  await panel(page, 'Link GW – CORE')
  await close(opened)
})

test('the link to a device, to a link and to a filtered list is copied with one click, and opens the same', async () => {
  const opened = await visit('/inventory?q=ont&sort=name&order=desc')
  const { page, context } = opened
  await context.grantPermissions(['clipboard-read', 'clipboard-write'])
  const copied = (): Promise<string> => page.evaluate(() => navigator.clipboard.readText())
  await page.getByRole('row').filter({ hasText: 'ONT-2' }).click()
  await panel(page, 'Device ONT-2')
  await page.getByRole('button', { name: 'Copy link to this page' }).click()
  await page.getByText('Copied the link to this page.').waitFor()
  expect(await copied()).toBe(`${unoc.url}/inventory?q=ont&sort=name&order=desc`)
  await page.getByRole('complementary').getByRole('button', { name: 'Copy link to ONT-2' }).click()
  await page.getByText('Copied the link to ONT-2.').waitFor()
  const address = await copied()
  await page.goto(address)
  await panel(page, 'Device ONT-2')
  await page.getByText('6 devices', { exact: true }).waitFor()
  await act(page, 'Copy link to ONT-2')
  await page.getByText('Copied the link to ONT-2.').waitFor()
  expect(await copied()).toBe(address)
  await close(opened)
})
