import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { close, launch, open, type Opened, TELEPHONE, until } from './support/browser'
import { axeViolations, overflow } from './support/pages'
import { Unoc } from './support/unoc'

/** Without PostgreSQL there is no such resource. */
const EXPECTED = [/404.*api\/sync/, /412/]
const NAMES = ['ONT-1', 'ONT-2', 'ONT-3']

let browser: Browser
let unoc: Unoc
const ids = new Map<string, number>()

interface Device {
  lifecycle: string
  status_override: string | null
  override_ends_at: string | null
  override_is_planned_work: boolean
}

beforeAll(async () => {
  browser = await launch()
  unoc = await Unoc.start()
  const types = { GW: 'BACKBONE_GATEWAY', CORE: 'CORE_ROUTER', EDGE: 'EDGE_ROUTER', OLT: 'OLT', SPL: 'SPLITTER' }
  for (const [name, type] of Object.entries(types)) ids.set(name, await unoc.provision(name, type))
  for (const name of NAMES) ids.set(name, await unoc.provision(name, 'ONT'))
  const links = [['GW', 'CORE'], ['CORE', 'EDGE'], ['EDGE', 'OLT'], ['OLT', 'SPL'], ...NAMES.map((name) => ['SPL', name])]
  for (const [a = '', b = ''] of links) await unoc.connect(id(a), id(b), { length_km: 0.5, physical_medium_id: 'G652D' })
})

afterAll(async () => {
  await browser.close()
  await unoc.stop()
})

function id(name: string): number {
  return ids.get(name) ?? 0
}

function device(name: string): Promise<Device> {
  return unoc.call<Device>('GET', `api/devices/${id(name)}`)
}

/** The newest entry of the audit trail. */
async function newest(): Promise<{ action: string; change_count: number }> {
  const [row] = await unoc.call<{ action: string; change_count: number }[]>('GET', 'api/audit?limit=1')
  if (row === undefined) throw new Error('no change')
  return row
}

function visit(path: string, size = { width: 1280, height: 800 }): Promise<Opened> {
  return open(browser, unoc.url + path, { expected: EXPECTED, size })
}

test('three devices are overridden for planned work as one change, which alarms nobody and is undone at once', async () => {
  const opened = await visit('/inventory?q=ONT-')
  const { page } = opened
  for (const name of NAMES) await page.getByRole('checkbox', { name: `Select ${name}` }).check()
  await page.getByRole('button', { name: 'Override…' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('Reason').fill('new splitter')
  await dialog.getByLabel('Ends').fill('2099-01-02T04:00')
  await dialog.getByLabel('Planned work').check()
  await dialog.getByText('3 subscribers lose service').waitFor()
  expect(await axeViolations(page)).toEqual([])
  await dialog.getByRole('button', { name: 'Set override' }).click()
  await dialog.waitFor({ state: 'detached' })
  for (const name of NAMES) {
    expect(await device(name)).toMatchObject({ status_override: 'DOWN', override_is_planned_work: true })
  }
  expect((await newest()).action).toBe('set overrides')
  await page.goto(`${unoc.url}/`)
  await page.getByText('The network is working normally').waitFor()
  await page.getByText(/Planned work at 3.places: 3.subscribers without service/).waitFor()
  await page.goto(`${unoc.url}/operations/problems`)
  await page.getByText(/^Planned work until .*2099.*: overridden to DOWN/).first().waitFor()
  expect(await axeViolations(page)).toEqual([])
  await unoc.call('POST', 'api/overrides/bulk', { device_ids: NAMES.map(id), status: null })
  await close(opened)
})

test('a bulk override is undone with one click and one change', async () => {
  const opened = await visit('/inventory?q=ONT-')
  const { page } = opened
  for (const name of NAMES) await page.getByRole('checkbox', { name: `Select ${name}` }).check()
  await page.getByRole('button', { name: 'Override…' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Set override' }).click()
  await until('it is set', async () => (await device('ONT-3')).status_override === 'DOWN')
  await page.getByRole('button', { name: 'Undo' }).click()
  await until('it is undone', async () => (await device('ONT-3')).status_override === null)
  expect((await device('ONT-1')).status_override).toBeNull()
  expect((await newest()).action).toBe('undo')
  await close(opened)
})

test('a device is retired and put back, in words, with a forecast and undo, also on a telephone', async () => {
  const opened = await visit(`/inventory?device=${id('ONT-1')}`, TELEPHONE)
  const { page } = opened
  const panel = page.getByRole('complementary')
  await panel.getByRole('button', { name: 'Plan or retire…' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByText('1 subscriber loses service').waitFor()
  expect(await overflow(page)).toBe(0)
  await dialog.getByRole('button', { name: 'Retire' }).click()
  await dialog.waitFor({ state: 'detached' })
  await panel.getByRole('region', { name: 'Status' }).getByText('Retired', { exact: true }).waitFor()
  expect((await device('ONT-1')).lifecycle).toBe('retired')
  expect(await unoc.call('GET', 'api/problems')).toMatchObject({ count: 0 })
  await page.getByRole('button', { name: 'Undo' }).click()
  await until('it is undone', async () => (await device('ONT-1')).lifecycle === 'in_service')
  await close(opened)
})

test('planned devices are found by the filter, and put into service together, with their links', async () => {
  const links = () => unoc.call<{ id: number; lifecycle: string }[]>('GET', 'api/links')
  const link_ids = (await links()).slice(-NAMES.length).map((link) => link.id)
  await unoc.call('POST', 'api/lifecycle/bulk', { device_ids: NAMES.map(id), link_ids, lifecycle: 'planned' })
  const opened = await visit('/inventory?status=PLANNED')
  const { page } = opened
  await page.getByText('3 of 8 devices').waitFor()
  for (const name of NAMES) await page.getByRole('checkbox', { name: `Select ${name}` }).check()
  await page.getByRole('button', { name: 'In service…' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByText('3 subscribers get service').waitFor()
  expect(await axeViolations(page)).toEqual([])
  await dialog.getByRole('button', { name: 'Put into service' }).click()
  await until('they are in service', async () => (await device('ONT-2')).lifecycle === 'in_service')
  expect((await newest()).action).toBe('set lifecycle')
  expect((await links()).filter(({ lifecycle }) => lifecycle !== 'in_service')).toEqual([])
  await page.getByText(/Put 3.devices and 3.links into service/).waitFor()
  await close(opened)
})

test('what is behind planned work is drawn as that, in the list, in the counts and on the topology', async () => {
  const link = (await unoc.call<{ id: number }[]>('GET', 'api/links'))[3]?.id ?? 0
  await unoc.call('POST', 'api/overrides/bulk', { link_ids: [link], status: 'DOWN', planned: true, reason: 'new duct' })
  const opened = await visit('/inventory?q=ONT-')
  const { page } = opened
  for (const name of NAMES) await page.getByRole('row').filter({ hasText: name }).filter({ hasText: 'Planned work' }).waitFor()
  expect(await axeViolations(page)).toEqual([])
  await page.goto(`${unoc.url}/inventory?status=PLANNED_WORK`)
  await page.getByText('4 of 8 devices').waitFor()
  await page.goto(`${unoc.url}/links?status=PLANNED_WORK`)
  await page.getByText('1 of 7 links').waitFor()
  await page.goto(`${unoc.url}/topology?device=${id('ONT-1')}`)
  await page.getByRole('complementary').getByRole('region', { name: 'Status' }).getByText('Planned work', { exact: true }).waitFor()
  await page.getByRole('button', { name: 'Legend' }).click()
  await page.getByText('Planned work: square with two bars').waitFor()
  if (process.env['UNOC_PICTURES'] !== undefined) {
    await page.screenshot({ path: `${process.env['UNOC_PICTURES']}/planned-work.png` })
  }
  // Something else that is DOWN is an outage.
  await unoc.call('PATCH', `api/devices/${id('ONT-2')}/override`, { status_override: 'DOWN' })
  await page.goto(`${unoc.url}/inventory?status=DOWN`)
  await page.getByText('1 of 8 devices').waitFor()
  await unoc.call('POST', 'api/overrides/bulk', { link_ids: [link], device_ids: [id('ONT-2')], status: null })
  await page.getByText('0 of 8 devices').waitFor()
  await close(opened)
})

test('the personal data of several devices is erased after typing', async () => {
  for (const name of NAMES) await unoc.call('PATCH', `api/devices/${id(name)}`, { customer_name: `Customer of ${name}`, serial: `S-${name}` })
  const opened = await visit('/inventory?q=ONT-')
  const { page } = opened
  for (const name of ['ONT-1', 'ONT-2']) await page.getByRole('checkbox', { name: `Select ${name}` }).check()
  await page.getByRole('button', { name: 'Erase personal data…' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByText('2 of the 2\u00a0devices have personal data at present.').waitFor()
  await dialog.getByText(/This cannot be undone\./).waitFor()
  const erase = dialog.getByRole('button', { name: 'Erase', exact: true })
  expect(await erase.isDisabled()).toBe(true)
  await dialog.getByLabel('Type “erase 2” to confirm').fill('erase 2')
  expect(await axeViolations(page)).toEqual([])
  await erase.click()
  await page.getByText('The personal data of 2 devices was erased').waitFor()
  expect(await device('ONT-1')).not.toHaveProperty('customer_name')
  expect(await device('ONT-2')).toMatchObject({ serial: 'S-ONT-2' })
  expect(await device('ONT-3')).toMatchObject({ customer_name: 'Customer of ONT-3' })
  await close(opened)
})
