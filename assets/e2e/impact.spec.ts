import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { clicks, close, countClicks, launch, open, type Opened, TELEPHONE, until } from './support/browser'
import { axeViolations, overflow } from './support/pages'
import { Unoc } from './support/unoc'

/** Without PostgreSQL there is no such resource. */
const EXPECTED = [/404.*api\/sync/, /412/]
/** On two PONs; more than the page lets an operator take down with one click. */
const SUBSCRIBERS = 60

let browser: Browser
let unoc: Unoc
const ids = new Map<string, number>()
let feeder: number

beforeAll(async () => {
  browser = await launch()
  unoc = await Unoc.start()
  const types = { GW: 'BACKBONE_GATEWAY', CORE: 'CORE_ROUTER', EDGE: 'EDGE_ROUTER', OLT: 'OLT', SPL: 'SPLITTER', SPL2: 'SPLITTER' }
  for (const [name, type] of Object.entries(types)) ids.set(name, await unoc.provision(name, type))
  for (const [a, b] of [['GW', 'CORE'], ['CORE', 'EDGE'], ['EDGE', 'OLT'], ['OLT', 'SPL2']] as const) await link(a, b)
  feeder = await link('OLT', 'SPL')
  for (let at = 1; at <= SUBSCRIBERS; at += 1) {
    const name = `ONT-${at}`
    ids.set(name, await unoc.provision(name, 'ONT'))
    await link(at % 2 === 0 ? 'SPL' : 'SPL2', name)
  }
})

afterAll(async () => {
  await browser.close()
  await unoc.stop()
})

function id(name: string): number {
  return ids.get(name) ?? 0
}

function link(a: string, b: string): Promise<number> {
  return unoc.connect(id(a), id(b), { length_km: 0.5, physical_medium_id: 'G652D' })
}

async function overrideOf(name: string): Promise<[string | null, string | null]> {
  const device = await unoc.call<{ status_override: string | null; override_reason: string | null }>('GET', `api/devices/${id(name)}`)
  return [device.status_override, device.override_reason]
}

function override(name: string, status: string, reason: string): Promise<unknown> {
  return unoc.call('PATCH', `api/devices/${id(name)}/override`, { status_override: status, override_reason: reason })
}

/** Opens a page that counts its clicks. */
async function visit(path: string, size = { width: 1280, height: 800 }): Promise<Opened> {
  const opened = await open(browser, 'about:blank', { expected: EXPECTED, size })
  await countClicks(opened.page)
  await opened.page.goto(unoc.url + path)
  return opened
}

test('an OLT with 60 subscribers is overridden with 2 clicks, but only after its name was typed', async () => {
  const opened = await visit(`/inventory?device=${id('OLT')}`)
  const { page } = opened
  await page.getByRole('complementary').getByRole('button', { name: 'Override…' }).click()
  const dialog = page.getByRole('dialog')
  for (const text of ['60 subscribers lose service', '61 devices go DOWN', '2 devices become DEGRADED']) {
    await dialog.getByText(text).waitFor()
  }
  await dialog.getByText('SPL, SPL2', { exact: true }).waitFor()
  const set = dialog.getByRole('button', { name: 'Set override' })
  expect(await set.isDisabled()).toBe(true)
  await dialog.getByLabel('Type “OLT” to confirm').fill('OLT')
  expect(await axeViolations(page)).toEqual([])
  await set.click()
  await dialog.waitFor({ state: 'detached' })
  expect(await clicks(page)).toBe(2)
  expect(await overrideOf('OLT')).toEqual(['DOWN', null])
  await page.getByRole('button', { name: 'Undo' }).click()
  await until('the override is cleared', async () => (await overrideOf('OLT'))[0] === null)
  expect(await clicks(page)).toBe(3)
  await close(opened)
})

test('a clear says who gets service, and by how much light', async () => {
  await override('SPL', 'DOWN', 'water in the closure')
  const opened = await visit(`/inventory?device=${id('SPL')}`, TELEPHONE)
  const { page } = opened
  await page.getByRole('complementary').getByRole('button', { name: 'Clear override' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByText('31 devices come UP').waitFor()
  await dialog.getByText('30 subscribers get service').waitFor()
  await dialog.getByText(/30\sdevices are lit; ONT-\d+ has the least: receives −[\d.]+\sdBm, margin [\d.]+\sdB/).waitFor()
  await dialog.getByText('and 26 more').first().click()
  expect(await overflow(page)).toBe(0)
  expect(await axeViolations(page)).toEqual([])
  await dialog.getByRole('button', { name: 'Clear override' }).click()
  await until('the override is cleared', async () => (await overrideOf('SPL'))[0] === null)
  await close(opened)
})

test('two operators override one device: both versions are shown, and nothing is lost unseen', async () => {
  const opened = await visit(`/inventory?device=${id('ONT-1')}`)
  const { page } = opened
  await page.getByRole('complementary').getByRole('button', { name: 'Override…' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('Reason').fill('no power in the house')
  await override('ONT-1', 'UP', 'measured on site')
  await dialog.getByRole('button', { name: 'Set override' }).click()
  const conflict = dialog.getByRole('alert', { name: 'Conflict' })
  for (const text of ['None', 'UP', 'DOWN', 'measured on site', 'no power in the house']) {
    await conflict.getByText(text, { exact: true }).waitFor()
  }
  expect(await overrideOf('ONT-1')).toEqual(['UP', 'measured on site'])
  expect(await axeViolations(page)).toEqual([])
  await conflict.getByRole('button', { name: 'Save yours' }).click()
  await dialog.waitFor({ state: 'detached' })
  expect(await overrideOf('ONT-1')).toEqual(['DOWN', 'no power in the house'])
  // The undo goes back to theirs.
  await page.getByRole('button', { name: 'Undo' }).click()
  await until('theirs is back', async () => (await overrideOf('ONT-1'))[0] === 'UP')
  await unoc.call('DELETE', `api/devices/${id('ONT-1')}/override`)
  await close(opened)
})

test('a bulk override asks about the one that someone else has changed, and then changes the others', async () => {
  const opened = await visit('/inventory?q=ONT-2')
  const { page } = opened
  await page.getByText('11 of 66 devices').waitFor()
  await page.getByRole('checkbox', { name: 'Select all that are shown' }).check()
  await page.getByRole('button', { name: 'Override…' }).click()
  await override('ONT-22', 'UP', 'theirs')
  const dialog = page.getByRole('dialog')
  await dialog.getByText('11 subscribers lose service').waitFor()
  await dialog.getByRole('button', { name: 'Set override' }).click()
  const conflict = dialog.getByRole('alert', { name: 'Conflict' })
  await conflict.getByText('ONT-22', { exact: true }).first().waitFor()
  expect(await overrideOf('ONT-21')).toEqual([null, null])
  await conflict.getByRole('button', { name: 'Keep theirs' }).click()
  await dialog.waitFor({ state: 'detached' })
  expect((await overrideOf('ONT-21'))[0]).toBe('DOWN')
  expect(await overrideOf('ONT-22')).toEqual(['UP', 'theirs'])
  await page.getByRole('button', { name: 'Undo' }).click()
  await page.getByText(/^Undone: Set the override on 10\sdevices/).waitFor()
  expect(await overrideOf('ONT-21')).toEqual([null, null])
  await unoc.call('DELETE', `api/devices/${id('ONT-22')}/override`)
  await close(opened)
})

test('a link that carries subscribers is deleted after its name was typed, unless someone has changed it', async () => {
  const opened = await visit(`/links?link=${feeder}`)
  const { page } = opened
  await page.getByRole('complementary').getByRole('button', { name: 'Delete' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByText('30 subscribers lose service').waitFor()
  await unoc.call('PATCH', `api/links/${feeder}`, { length_km: 0.7 })
  const remove = dialog.getByRole('button', { name: 'Delete', exact: true })
  expect(await remove.isDisabled()).toBe(true)
  await dialog.getByLabel('Type “OLT – SPL” to confirm').fill('OLT - SPL')
  await remove.click()
  const conflict = dialog.getByRole('alert', { name: 'Conflict' })
  for (const text of ['0.5 km', '0.7 km', 'Deleted']) await conflict.getByText(text, { exact: true }).waitFor()
  await unoc.call('GET', `api/links/${feeder}`)
  await conflict.getByRole('button', { name: 'Delete anyway' }).click()
  await dialog.waitFor({ state: 'detached' })
  await expect(unoc.call('GET', `api/links/${feeder}`)).rejects.toThrow('404')
  feeder = await link('OLT', 'SPL')
  await close(opened)
})

test('connecting shows the light to expect', async () => {
  ids.set('ONT-NEW', await unoc.provision('ONT-NEW', 'ONT'))
  const opened = await visit(`/inventory?device=${id('ONT-NEW')}`)
  const { page } = opened
  await page.getByRole('complementary').getByRole('button', { name: 'Connect' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByRole('combobox', { name: 'To' }).fill('SPL')
  await dialog.getByRole('option', { name: 'SPL', exact: false }).first().click()
  await dialog.getByText(/ONT-NEW is lit: receives −[\d.]+\sdBm, margin [\d.]+\sdB/).waitFor()
  await close(opened)
})

test('a longer fibre takes margin', async () => {
  const opened = await visit(`/links?link=${feeder}`)
  const { page } = opened
  const dialog = page.getByRole('dialog')
  await page.getByRole('complementary').getByRole('button', { name: 'Edit' }).click()
  await dialog.getByLabel('Length').fill('4')
  await dialog.getByText(/30\sdevices lose margin; ONT-\d+ has the least: margin [\d.]+\sdB \(now [\d.]+\sdB\)/).waitFor()
  await close(opened)
})
