import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { act, close, launch, LAPTOP, open, type Opened, TELEPHONE, until } from './support/browser'
import { axeViolations, brokenWords, overflow } from './support/pages'
import { Unoc } from './support/unoc'

/** Without PostgreSQL there is no such resource. */
const NO_MIRROR = [/404.*api\/sync/]

let browser: Browser
let unoc: Unoc
/** Two PONs of the OLT go through the ODF, each to a splitter with one ONT. */
let olt: number
let odf: number
let splitter: number

beforeAll(async () => {
  browser = await launch()
  unoc = await Unoc.start()
  const fibre = { length_km: 2, physical_medium_id: 'G652D' }
  const [gw, core, edge] = [
    await unoc.provision('GW', 'BACKBONE_GATEWAY'),
    await unoc.provision('CORE', 'CORE_ROUTER'),
    await unoc.provision('EDGE', 'EDGE_ROUTER'),
  ]
  olt = await unoc.provision('OLT', 'OLT')
  odf = await unoc.provision('ODF', 'ODF')
  for (const [a, b] of [[gw, core], [core, edge], [edge, olt]] as const) await unoc.connect(a, b)
  for (const number of [1, 2]) {
    splitter = await unoc.provision(`SPL-${number}`, 'SPLITTER')
    await unoc.connect(olt, odf, { length_km: 0.01 })
    await unoc.connect(odf, splitter, fibre)
    await unoc.connect(splitter, await unoc.provision(`ONT-${number}`, 'ONT'), fibre)
  }
})

afterAll(async () => {
  await browser.close()
  await unoc.stop()
})

async function visit(path: string, size = LAPTOP): Promise<Opened> {
  return open(browser, unoc.url + path, { size, expected: NO_MIRROR })
}

/** The ports of a device in its panel. */
async function portsOf(page: Page, name: string) {
  const panel = page.getByRole('complementary', { name: `Device ${name}` })
  await panel.getByRole('tab', { name: 'Interfaces' }).click()
  return panel
}

test('joins that were assumed are found in the inventory, led to from the status, and confirmed', async () => {
  const opened = await visit('/inventory')
  const { page } = opened
  await page.getByRole('checkbox', { name: 'Joins to check' }).check()
  await page.getByRole('row').filter({ hasText: 'ODF' }).click()
  const panel = page.getByRole('complementary', { name: 'Device ODF' })
  await panel.getByText('Some of its cross-connects are assumed: confirm or correct them.').waitFor()
  await panel.getByRole('button', { name: 'Show the cross-connects' }).click()
  await panel.getByText('4 of 48 ports carry a fibre, 44 are free.').waitFor()
  await panel.getByText('2 assumed').waitFor()
  expect(await axeViolations(page)).toEqual([])
  await panel.getByRole('button', { name: 'assumed – confirm port1 and port2' }).click()
  await panel.getByText('1 assumed').waitFor()
  await panel.getByRole('button', { name: 'Confirm all' }).click()
  await panel.getByText('1 assumed').waitFor({ state: 'detached' })
  await page.getByText('No device matches the filters.').waitFor()
  await close(opened)
})

test('removing a cross-connect shows who loses service; undo joins the ports again', async () => {
  const opened = await visit(`/inventory?device=${odf}`)
  const { page } = opened
  const panel = await portsOf(page, 'ODF')
  await panel.getByRole('button', { name: 'Remove the cross-connect of port1 and port2' }).click()
  const dialog = page.getByRole('dialog')
  for (const text of ['1 subscriber loses service', 'ONT-1 goes DOWN']) await dialog.getByText(text).waitFor()
  await dialog.getByRole('button', { name: 'Remove' }).click()
  await panel.getByText('not joined').first().waitFor()
  const joined = await unoc.call<unknown[]>('GET', `api/devices/${odf}/cross-connects`)
  expect(joined.length).toBe(1)
  await page.getByRole('button', { name: 'Undo' }).click()
  await panel.getByRole('button', { name: 'Remove the cross-connect of port1 and port2' }).waitFor()
  await close(opened)
})

test('two ports are joined with a loss', async () => {
  const opened = await visit(`/inventory?device=${odf}`)
  const { page } = opened
  const panel = await portsOf(page, 'ODF')
  await panel.getByRole('button', { name: 'Join two ports…' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByRole('combobox', { name: 'Port', exact: true }).selectOption({ label: 'port11' })
  await dialog.getByRole('combobox', { name: 'With port' }).selectOption({ label: 'port12' })
  await dialog.getByRole('textbox', { name: 'Loss' }).fill('0.2')
  await dialog.getByText('No other device changes.').waitFor()
  await dialog.getByRole('button', { name: 'Join' }).click()
  const row = panel.getByRole('row').filter({ hasText: 'port11' }).filter({ hasText: 'port12' })
  await row.getByText('0.2').waitFor()
  await page.getByRole('button', { name: 'Undo' }).click()
  await row.waitFor({ state: 'detached' })
  await close(opened)
})

test('a ratio is changed after its forecast', async () => {
  const opened = await visit(`/inventory?device=${splitter}`)
  const { page } = opened
  const panel = await portsOf(page, 'SPL-2')
  await panel.getByText('1 of 32 in use, 31 free').waitFor()
  await panel.getByRole('button', { name: 'Change…' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByRole('combobox', { name: 'Split ratio' }).selectOption('64')
  await dialog.getByText(/ONT-2 loses margin/).waitFor()
  await dialog.getByRole('button', { name: 'Save' }).click()
  await panel.getByText('1 of 64 in use, 63 free').waitFor()
  await page.getByRole('button', { name: 'Undo' }).click()
  await panel.getByText('1 of 32 in use, 31 free').waitFor()
  await close(opened)
})

test('the PON ports of an OLT show subscribers, and warn of the reach', async () => {
  const links = await unoc.call<{ id: number; length_km: number | null }[]>('GET', 'api/links')
  const feeder = links.find(({ length_km: km }) => km === 2)?.id
  await unoc.call('PATCH', `api/links/${feeder}`, { length_km: 19 })
  const opened = await visit(`/inventory?device=${olt}`)
  const panel = await portsOf(opened.page, 'OLT')
  await panel.getByText('2 of 8 in use, 6 free.').waitFor()
  await panel.getByText('The farthest subscriber is more than 20\u00a0km away.').waitFor()
  await unoc.call('PATCH', `api/links/${feeder}`, { length_km: 2 })
  await close(opened)
})

test('connecting shows the ports that it takes and the light to expect, and takes another on request', async () => {
  await unoc.provision('ONT-9', 'ONT')
  const opened = await visit('/inventory')
  const { page } = opened
  await act(page, 'Connect two devices')
  const dialog = page.getByRole('dialog', { name: 'Connect two devices' })
  for (const [end, name] of [['From', 'SPL-2'], ['To', 'ONT-9']] as const) {
    await dialog.getByRole('combobox', { name: end, exact: true }).fill(name)
    await page.getByRole('option', { name: new RegExp(name) }).first().click()
  }
  const from = dialog.getByRole('combobox', { name: 'From port' })
  await from.getByText('out1, the next free port').waitFor({ state: 'attached' })
  await dialog.getByText(/ONT-9 is lit: receives .*dBm/).waitFor()
  await from.selectOption({ label: 'out7' })
  await dialog.getByRole('button', { name: 'Connect', exact: true }).click()
  await dialog.waitFor({ state: 'detached' })
  const ports = await unoc.call<{ ports: { name: string; link: unknown }[] }>('GET', `api/devices/${splitter}/ports`)
  expect(ports.ports.filter(({ link }) => link !== null).map(({ name }) => name)).toEqual(['in0', 'out0', 'out7'])
  await close(opened)
})

test('a new link at an ODF is joined as proposed, with another port, or with none', async () => {
  const part = await unoc.provision('ODF-2', 'ODF')
  const spare = await unoc.provision('SPL-5', 'SPLITTER')
  const feeders = [await unoc.connect(olt, part), await unoc.connect(olt, part)]
  await unoc.connect(part, await unoc.provision('SPL-6', 'SPLITTER'))
  const joins = async () =>
    (await unoc.call<{ a_interface: string; b_interface: string; is_assumed: boolean }[]>('GET', `api/devices/${part}/cross-connects`))
      .map(({ a_interface: a, b_interface: b, is_assumed: isAssumed }) => `${a} ${b} ${isAssumed ? 'assumed' : 'recorded'}`)
  expect(await joins()).toEqual(['port1 port3 assumed'])
  await unoc.provision('SPL-7', 'SPLITTER')
  for (const [to, choice, expected] of [
    ['SPL-5', 'None', ['port1 port3 assumed']],
    ['SPL-7', 'port6 (no fibre)', ['port1 port3 assumed', 'port5 port6 recorded']],
    ['SPL-7', null, ['port1 port3 assumed', 'port2 port5 assumed']],
  ] as const) {
    const opened = await visit(`/inventory?device=${part}`)
    const { page } = opened
    await page.getByRole('complementary').getByRole('button', { name: 'Connect', exact: true }).click()
    const dialog = page.getByRole('dialog', { name: 'Connect two devices' })
    await dialog.getByRole('combobox', { name: 'To', exact: true }).fill(to)
    await page.getByRole('option', { name: new RegExp(to) }).first().click()
    const joined = dialog.getByRole('combobox', { name: 'From port is joined with' })
    await joined.getByText(/port2 \(feeder from OLT pon\d\), proposed/).waitFor({ state: 'attached' })
    if (choice !== null) await joined.selectOption({ label: choice })
    await dialog.getByText('Calculating…').waitFor({ state: 'detached' })
    expect(await dialog.getByText(/It cannot be calculated/).count()).toBe(0)
    expect(await axeViolations(page)).toEqual([])
    await dialog.getByRole('button', { name: 'Connect', exact: true }).click()
    await dialog.waitFor({ state: 'detached' })
    await until(`${choice} is recorded`, async () => JSON.stringify(await joins()) === JSON.stringify(expected))
    if (typeof choice === 'string' && choice !== 'None') {
      await page.getByRole('button', { name: 'Undo' }).click()
      await until('the join goes with its link', async () => (await joins()).length === 1)
    }
    await close(opened)
  }
  expect(feeders.length + spare).toBeGreaterThan(2)
})

test.each(['ODF', 'OLT', 'SPL-2'])('the ports of %s fit a telephone', async (name) => {
  const id = { ODF: odf, OLT: olt }[name] ?? splitter
  const opened = await visit(`/inventory?device=${id}`, TELEPHONE)
  const { page } = opened
  const panel = await portsOf(page, name)
  await panel.getByText(/in use|carry a fibre/).first().waitFor()
  expect(await overflow(page)).toBeLessThanOrEqual(0)
  expect(await brokenWords(page)).toEqual([])
  await close(opened)
})
