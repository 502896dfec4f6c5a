import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { clicks, close, countClicks, launch, LAPTOP, open, type Opened, TELEPHONE, until } from './support/browser'
import { axeViolations, overflow } from './support/pages'
import { Unoc } from './support/unoc'

/** Without PostgreSQL there is no such resource. */
const EXPECTED = [/404.*api\/sync/, /400|409|412/]

let browser: Browser
let unoc: Unoc
let splitter: number
let ont: number

interface Device {
  lifecycle: string
  serial?: string
  tags: string[]
  split_ratio?: number
  customer_name?: string
}

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
  ont = await unoc.provision('ONT-1', 'ONT')
  for (const [at, device] of [...chain, splitter, ont].entries()) {
    if (at > 0) await unoc.connect([...chain, splitter][at - 1] ?? 0, device, fibre)
  }
})

afterAll(async () => {
  await browser.close()
  await unoc.stop()
})

/** Opens a page that counts its clicks. */
async function visit(path: string, size = LAPTOP): Promise<Opened> {
  const opened = await open(browser, 'about:blank', { expected: EXPECTED, size })
  await countClicks(opened.page)
  await opened.page.goto(unoc.url + path)
  return opened
}

function device(id: number): Promise<Device> {
  return unoc.call<Device>('GET', `api/devices/${id}`)
}

async function edit(page: Page) {
  await page.getByRole('complementary').getByRole('button', { name: 'Edit' }).click()
  return page.getByRole('dialog')
}

test('a splitter 1:32 becomes 1:64 with 2 clicks, and the forecast says who loses margin', async () => {
  const opened = await visit(`/inventory?device=${splitter}`)
  const { page } = opened
  const dialog = await edit(page)
  await dialog.getByText('1\u00a0output in use.').waitFor()
  const ratio = dialog.getByRole('combobox', { name: 'Split ratio' })
  await ratio.getByText('1:32, by its outputs').waitFor({ state: 'attached' })
  await ratio.selectOption('64')
  await dialog.getByText(/^ONT-1 loses margin: margin [\d.]+\sdB \(now [\d.]+\sdB\)/).waitFor()
  expect(await axeViolations(page)).toEqual([])
  await dialog.getByRole('button', { name: 'Save' }).click()
  await dialog.waitFor({ state: 'detached' })
  expect(await clicks(page)).toBe(2)
  const outputs = async () =>
    (await unoc.call<{ outputs: { total: number } }>('GET', `api/devices/${splitter}/ports`)).outputs.total
  expect([await outputs(), (await device(splitter)).split_ratio]).toEqual([64, 64])
  await page.getByRole('button', { name: 'Undo' }).click()
  await until('the outputs are taken back', async () => (await outputs()) === 32)
  await close(opened)
})

test('the edit of a lifecycle shows who loses service, on a telephone too', async () => {
  const opened = await visit(`/inventory?device=${ont}`, TELEPHONE)
  const { page } = opened
  const dialog = await edit(page)
  await dialog.getByRole('combobox', { name: 'Lifecycle' }).selectOption('Planned')
  await dialog.getByText('1 subscriber loses service').waitFor()
  expect(await overflow(page)).toBeLessThanOrEqual(0)
  await dialog.getByRole('button', { name: 'Save' }).click()
  await until('it is planned', async () => (await device(ont)).lifecycle === 'planned')
  await page.getByRole('button', { name: 'Undo' }).click()
  await until('it is undone', async () => (await device(ont)).lifecycle === 'in_service')
  await close(opened)
})

test('another transmit power shows the margin to expect; one that is no number cannot be sent', async () => {
  const opened = await visit(`/inventory?device=${ont}`)
  const { page } = opened
  const dialog = await edit(page)
  const power = dialog.getByLabel('Transmit power')
  await power.fill('x')
  await dialog.getByText('Enter a number.').waitFor()
  await power.fill('-20')
  await dialog.getByText(/^ONT-1 (loses margin|goes DOWN)/).first().waitFor()
  await dialog.getByLabel('Name').fill('ONT-X')
  await power.fill('')
  await dialog.getByRole('heading', { name: 'What will happen' }).waitFor({ state: 'detached' })
  await close(opened)
})

test('a serial number and tags that the server writes in another way can still be undone', async () => {
  const opened = await visit(`/inventory?device=${ont}`)
  const { page } = opened
  const dialog = await edit(page)
  await dialog.getByText('Serial number, customer and place').click()
  await dialog.getByLabel('Serial number').fill('4857544312345678')
  await dialog.getByLabel('Tags').fill('north, a')
  await dialog.getByRole('button', { name: 'Save' }).click()
  await until('it is saved', async () => (await device(ont)).serial === 'HWTC12345678')
  await page.getByRole('button', { name: 'Undo' }).click()
  await page.getByText(/^Undone: Updated ONT-1/).waitFor()
  expect(await device(ont)).not.toHaveProperty('serial')
  expect((await device(ont)).tags).toEqual([])
  await close(opened)
})

test('two operators edit one device: each value that both have changed is shown, and the other ones are kept', async () => {
  const opened = await visit(`/inventory?device=${ont}`)
  const { page } = opened
  const dialog = await edit(page)
  await dialog.getByText('Serial number, customer and place').click()
  await dialog.getByLabel('Customer', { exact: true }).fill('Ana')
  await dialog.getByLabel('Phone').fill('030 1')
  await unoc.call('PATCH', `api/devices/${ont}`, { customer_name: 'Bea', note: 'ring twice' })
  await dialog.getByRole('button', { name: 'Save', exact: true }).click()
  const conflict = dialog.getByRole('alert', { name: 'Conflict' })
  for (const text of ['Not set', 'Bea', 'Ana']) await conflict.getByText(text, { exact: true }).waitFor()
  expect((await device(ont)).customer_name).toBe('Bea')
  await conflict.getByRole('button', { name: 'Save yours' }).click()
  await dialog.waitFor({ state: 'detached' })
  expect(await device(ont)).toMatchObject({ customer_name: 'Ana', phone: '030 1', note: 'ring twice' })
  // Edit, the fold of the fields, Save, Save yours.
  expect(await clicks(page)).toBe(4)
  await page.getByRole('button', { name: 'Undo' }).click()
  await until('theirs is back', async () => (await device(ont)).customer_name === 'Bea')
  await unoc.call('POST', 'api/devices/erase-personal-data', { ids: [ont] })
  await close(opened)
})

test('a planned splitter 1:8 is provisioned with a forecast, and a serial that exists is refused beforehand', async () => {
  const opened = await visit('/inventory')
  const { page } = opened
  await page.getByRole('button', { name: 'Provision', exact: true }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByRole('radio', { name: 'Splitter', exact: true }).check({ force: true })
  await dialog.getByRole('textbox', { name: 'Name' }).fill('SPL-8')
  await dialog.getByText('SPL-8 gets 33\u00a0ports and is not connected yet').waitFor()
  await dialog.getByRole('combobox', { name: 'Split ratio' }).selectOption('1:8')
  await dialog.getByRole('combobox', { name: 'Lifecycle' }).selectOption('Planned')
  await dialog.getByText('SPL-8 gets 9\u00a0ports and is planned').waitFor()
  expect(await axeViolations(page)).toEqual([])
  await dialog.getByText('Serial number, customer and place').click()
  await unoc.call('PATCH', `api/devices/${ont}`, { serial: 'S-1' })
  await dialog.getByLabel('Serial number').fill('s-1')
  await dialog.getByText(/It cannot be calculated: .*serial/i).waitFor()
  await dialog.getByLabel('Serial number').fill('')
  await dialog.getByText('SPL-8 gets 9\u00a0ports and is planned').waitFor()
  await dialog.getByRole('button', { name: 'Provision', exact: true }).click()
  await dialog.waitFor({ state: 'detached' })
  const [made] = await unoc.call<Device[]>('GET', 'api/devices?q=SPL-8')
  expect(made).toMatchObject({ lifecycle: 'planned', split_ratio: 8 })
  await close(opened)
})
