import { readFileSync } from 'node:fs'
import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { act, clicks, close, countClicks, launch, open, type Opened, openSearch, until } from './support/browser'
import { axeViolations } from './support/pages'
import { Unoc } from './support/unoc'

/** Without PostgreSQL there is no such resource. */
const NO_MIRROR = [/404.*api\/sync/]

let browser: Browser
let unoc: Unoc
/** The link between the OLT and the splitter; three ONTs are behind it. */
let feeder: number

beforeAll(async () => {
  browser = await launch()
  unoc = await Unoc.start()
  const types = { GW: 'BACKBONE_GATEWAY', CORE: 'CORE_ROUTER', EDGE: 'EDGE_ROUTER', OLT: 'OLT', SPL: 'SPLITTER' }
  const ids: number[] = []
  for (const [name, type] of Object.entries(types)) ids.push(await unoc.provision(name, type))
  const fibre = { length_km: 2, physical_medium_id: 'G652D' }
  const links: number[] = []
  for (let at = 1; at < ids.length; at += 1) links.push(await unoc.connect(ids[at - 1] ?? 0, ids[at] ?? 0, fibre))
  feeder = links.at(-1) ?? 0
  for (const name of ['ONT-1', 'ONT-2', 'ONT-3']) {
    await unoc.connect(ids.at(-1) ?? 0, await unoc.provision(name, 'ONT'), fibre)
  }
})

afterEach(() => unoc.call('DELETE', `api/links/${feeder}/override`))

afterAll(async () => {
  await browser.close()
  await unoc.stop()
})

/** Opens a page that counts its clicks from now on. */
async function visit(path: string): Promise<Opened> {
  const opened = await open(browser, 'about:blank', { expected: NO_MIRROR })
  await countClicks(opened.page)
  await opened.page.goto(unoc.url + path)
  return opened
}

async function row(page: Page, ...words: string[]): Promise<void> {
  let found = page.getByRole('row')
  for (const word of words) found = found.filter({ hasText: word })
  await found.first().waitFor()
}

function panel(page: Page, name = 'OLT – SPL') {
  return page.getByRole('complementary', { name: `Link ${name}` })
}

async function override(): Promise<string | null> {
  return (await unoc.call<{ status_override: string | null }>('GET', `api/links/${feeder}`)).status_override
}

test('a feeder is cut in the list with 3 clicks, the forecast shows its subscribers, and one click undoes it', async () => {
  const opened = await visit('/links')
  const { page } = opened
  await page.getByRole('row').filter({ hasText: 'OLT' }).filter({ hasText: 'SPL' }).click()
  await panel(page).getByText('3 subscribers would go DOWN with it.').waitFor()
  await panel(page).getByRole('button', { name: 'Fibre cut…' }).click()
  const dialog = page.getByRole('dialog')
  for (const text of ['3 subscribers lose service', '3 devices go DOWN', 'SPL becomes DEGRADED']) {
    await dialog.getByText(text).waitFor()
  }
  expect(await dialog.getByRole('textbox', { name: 'Reason' }).inputValue()).toBe('Fibre cut')
  await dialog.getByRole('button', { name: 'Set override' }).click()
  await row(page, 'OLT', 'SPL', 'DOWN', 'Fibre cut')
  expect(await clicks(page)).toBe(3)
  await panel(page).getByText('3 subscribers DOWN because of it.').waitFor()
  await page.getByRole('button', { name: 'Undo' }).click()
  await row(page, 'OLT', 'SPL', 'UP')
  expect(await override()).toBeNull()
  expect(await clicks(page)).toBe(4)
  await close(opened)
})

test('several links are held DEGRADED at once, and the list of overrides shows them', async () => {
  const opened = await visit('/links?q=ONT')
  const { page } = opened
  await page.getByRole('checkbox', { name: 'Select all that are shown' }).click()
  await page.getByRole('button', { name: 'Override…' }).click()
  await page.getByRole('radio', { name: 'DEGRADED' }).check()
  await page.getByRole('textbox', { name: 'Reason' }).fill('bend')
  await page.getByRole('dialog').getByRole('button', { name: 'Set override' }).click()
  await page.getByRole('dialog').waitFor({ state: 'detached' })
  await act(page, 'Show overridden links')
  await page.getByText('3 of 7 links').waitFor()
  await row(page, 'SPL', 'ONT-2', 'DEGRADED', 'bend')
  await page.getByRole('button', { name: 'Undo' }).click()
  await page.getByText('No link matches the filters.').waitFor()
  await close(opened)
})

test('the address holds the link: Back closes the panel, and a copied address opens it', async () => {
  const opened = await visit('/links?q=spl')
  const { page } = opened
  await page.getByRole('row').filter({ hasText: 'OLT' }).click()
  await panel(page).waitFor()
  expect(page.url()).toContain(`link=${feeder}`)
  const copied = page.url()
  // From the link to a device and back.
  await panel(page).getByRole('button', { name: 'SPL', exact: true }).click()
  await page.getByRole('complementary', { name: 'Device SPL' }).waitFor()
  expect(page.url()).not.toContain('link=')
  await page.goBack()
  await panel(page).waitFor()
  await page.goBack()
  await panel(page).waitFor({ state: 'detached' })
  expect(page.url()).toContain('q=spl')
  await page.goto(copied)
  await panel(page).getByText('3 subscribers would go DOWN with it.').waitFor()
  await close(opened)
})

test('a link is found by Ctrl K, also by its id, without a click', async () => {
  const opened = await visit('/operations')
  const { page } = opened
  await openSearch(page)
  const search = page.getByRole('dialog', { name: 'Search' })
  await search.getByRole('combobox').fill('olt spl')
  await search.getByRole('option', { name: /OLT – SPL/ }).waitFor()
  await page.keyboard.press('Enter')
  await panel(page).waitFor()
  await act(page, `link ${feeder - 1}`)
  await panel(page, 'EDGE – OLT').waitFor()
  expect(await clicks(page)).toBe(0)
  await close(opened)
})

test('the list and the panel of links work by keyboard', async () => {
  const opened = await visit('/links')
  const { page } = opened
  await row(page, 'OLT', 'SPL')
  await page.locator('[role="row"][tabindex="0"]').focus()
  await page.keyboard.press('ArrowDown')
  await page.keyboard.press('Enter')
  await panel(page, 'CORE – EDGE').waitFor()
  expect(await page.evaluate(() => document.activeElement?.getAttribute('aria-label'))).toBe('Link CORE – EDGE')
  await page.keyboard.press('Escape')
  await panel(page, 'CORE – EDGE').waitFor({ state: 'detached' })
  await page.keyboard.press('Space')
  await page.getByRole('toolbar', { name: 'Selected links' }).getByText('1 selected').waitFor()
  expect(await clicks(page)).toBe(0)
  await close(opened)
})

test('length and medium are edited with a forecast, and the edit is undone', async () => {
  const opened = await visit(`/links?link=${feeder}`)
  const { page } = opened
  await panel(page).getByRole('button', { name: 'Edit' }).click()
  await page.getByLabel('Length').fill('190')
  await page.getByRole('dialog').getByText('3 subscribers lose service').waitFor()
  await page.getByRole('dialog').getByRole('button', { name: 'Save' }).click()
  await panel(page).getByText('190\u00a0km').waitFor()
  await page.getByRole('button', { name: 'Undo' }).click()
  await panel(page).getByText('2\u00a0km').waitFor()
  await panel(page).getByText('Light down').waitFor()
  await close(opened)
})

test('two operators edit one link: both versions are shown, and nothing is lost unseen', async () => {
  const opened = await visit(`/links?link=${feeder}`)
  const { page } = opened
  const length = async () => (await unoc.call<{ length_km: number }>('GET', `api/links/${feeder}`)).length_km
  await panel(page).getByRole('button', { name: 'Edit' }).click()
  await unoc.call('PATCH', `api/links/${feeder}`, { length_km: 5, physical_medium_id: 'G657A1' })
  await page.getByLabel('Length').fill('7')
  const dialog = page.getByRole('dialog')
  await dialog.getByRole('button', { name: 'Save', exact: true }).click()
  const conflict = dialog.getByRole('alert', { name: 'Conflict' })
  for (const text of ['2 km', '5 km', '7 km']) await conflict.getByText(text, { exact: true }).waitFor()
  expect(await axeViolations(page)).toEqual([])
  expect(await length()).toBe(5)
  await conflict.getByRole('button', { name: 'Save yours' }).click()
  await until('mine is saved', async () => (await length()) === 7)
  // The other person's medium is kept, and the undo goes back to their length.
  await panel(page).getByText('G.657.A1').first().waitFor()
  await page.getByRole('button', { name: 'Undo' }).click()
  await until('theirs is back', async () => (await length()) === 5)
  await unoc.call('PATCH', `api/links/${feeder}`, { length_km: 2, physical_medium_id: 'G652D' })
  await close(opened)
})

test('two operators edit one device: theirs can be taken over', async () => {
  const opened = await visit(`/links?link=${feeder}`)
  const { page } = opened
  await panel(page).getByRole('button', { name: 'SPL', exact: true }).click()
  const device = page.getByRole('complementary', { name: 'Device SPL' })
  await device.getByRole('button', { name: 'Edit' }).click()
  const id = Number(new URL(page.url()).searchParams.get('device'))
  await unoc.call('PATCH', `api/devices/${id}`, { insertion_loss_db: 3 })
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('Insertion loss').fill('4')
  await dialog.getByRole('button', { name: 'Save', exact: true }).click()
  const conflict = dialog.getByRole('alert', { name: 'Conflict' })
  for (const text of ['Not set', '3 dB', '4 dB']) await conflict.getByText(text, { exact: true }).waitFor()
  await conflict.getByRole('button', { name: 'Use theirs' }).click()
  expect(await dialog.getByLabel('Insertion loss').inputValue()).toBe('3')
  expect(await dialog.getByRole('button', { name: 'Save', exact: true }).isDisabled()).toBe(true)
  await dialog.getByRole('button', { name: 'Cancel' }).click()
  await unoc.call('PATCH', `api/devices/${id}`, { insertion_loss_db: null })
  await close(opened)
})

test('the links that are shown are exported, with the names of their ends', async () => {
  const opened = await visit('/links?q=ont')
  const { page } = opened
  await page.getByText('3 of 7 links').waitFor()
  const download = page.waitForEvent('download')
  await page.getByRole('button', { name: 'Export' }).click()
  const lines = readFileSync(await (await download).path(), 'utf8').trim().split('\r\n')
  expect(lines).toHaveLength(4)
  expect(lines[1]).toMatch(/^SPL,\w+,OPTICAL,ONT-1,/)
  await close(opened)
})

test('links are deleted after their number was typed', async () => {
  const opened = await visit('/links')
  const { page } = opened
  const [a, b] = [await unoc.provision('GW-8', 'BACKBONE_GATEWAY'), await unoc.provision('GW-9', 'BACKBONE_GATEWAY')]
  await unoc.connect(a, b)
  await unoc.connect(a, b)
  await page.getByRole('searchbox').fill('GW-8 GW-9')
  await page.getByText('2 of 9 links').waitFor()
  await page.getByRole('checkbox', { name: 'Select all that are shown' }).click()
  await page.getByRole('button', { name: 'Delete…' }).click()
  await page.getByRole('dialog').getByRole('textbox').fill('delete 2')
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click()
  await page.getByText('No link matches the filters.').waitFor()
  await close(opened)
})

test.each(['light', 'dark'] as const)('axe finds nothing in the panel of a link, %s', async (theme) => {
  await unoc.call('PATCH', `api/links/${feeder}`, { status_override: 'DOWN', override_reason: 'excavator' })
  const opened = await open(browser, `${unoc.url}/links?link=${feeder}`, { theme, expected: NO_MIRROR })
  await panel(opened.page).getByText('3 subscribers DOWN because of it.').waitFor()
  expect(await axeViolations(opened.page)).toEqual([])
  await close(opened)
})
