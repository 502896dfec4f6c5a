import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { act, close, launch, LAPTOP, open, TELEPHONE } from './support/browser'
import { axeViolations, overflow } from './support/pages'
import { Unoc } from './support/unoc'

/** Without PostgreSQL there is no such resource. */
const NO_MIRROR = [/404.*api\/sync/]

let browser: Browser
let unoc: Unoc

beforeAll(async () => {
  browser = await launch()
  unoc = await Unoc.start()
  const ids: number[] = []
  const types = { GW: 'BACKBONE_GATEWAY', CORE: 'CORE_ROUTER', EDGE: 'EDGE_ROUTER', OLT: 'OLT', 'SPL-1': 'SPLITTER' }
  for (const [name, type] of Object.entries(types)) ids.push(await unoc.provision(name, type))
  for (const [index, id] of ids.slice(1).entries()) {
    await unoc.connect(ids[index] ?? 0, id, { length_km: 0.5, physical_medium_id: 'G652D' })
  }
})

afterAll(async () => {
  await browser.close()
  await unoc.stop()
})

interface Device {
  id: number
  name: string
  status: string
  customer_name?: string
}

test('a customer is provisioned and connected in one dialog, as one change', async () => {
  const opened = await open(browser, `${unoc.url}/inventory`, { size: LAPTOP, expected: NO_MIRROR })
  const { page } = opened
  await act(page, 'Provision a device')
  const dialog = page.getByRole('dialog')
  await dialog.getByRole('radio', { name: 'ONT', exact: true }).check()
  await dialog.getByLabel('Name', { exact: true }).fill('ONT-7')
  await dialog.getByRole('combobox', { name: 'Connect to' }).fill('SPL')
  await dialog.getByRole('option', { name: 'SPL-1' }).click()
  await dialog.getByText('32 of 32 outputs are free.').waitFor()
  await dialog.getByLabel('Length').fill('far')
  await dialog.getByText('Enter a length of 0 km or more.').waitFor()
  expect(await dialog.getByRole('button', { name: 'Provision' }).isDisabled()).toBe(true)
  await dialog.getByLabel('Length').fill('0.4')
  await dialog.getByText(/^ONT-7 gets 2.ports and is UP; it receives .*dBm, margin .*dB$/).waitFor()
  await dialog.getByText('out0, the next free port').waitFor({ state: 'attached' })
  expect(await axeViolations(page)).toEqual([])
  await page.setViewportSize(TELEPHONE)
  expect(await overflow(page)).toBe(0)
  await page.setViewportSize(LAPTOP)
  await dialog.getByRole('button', { name: 'Provision' }).click()
  await dialog.waitFor({ state: 'detached' })
  await page.getByText(/^Provisioned ONT-7 and connected it to SPL-1; .*dBm are expected there\.$/).waitFor()
  const all = await unoc.call<Device[]>('GET', 'api/devices')
  expect(all.find(({ name }) => name === 'ONT-7')?.status).toBe('UP')
  const [newest] = await unoc.call<{ action: string }[]>('GET', 'api/audit?limit=1')
  expect(newest?.action).toBe('provision device')
  await close(opened)
})

test('what has no upstream is connected to nothing', async () => {
  const opened = await open(browser, `${unoc.url}/inventory`, { size: LAPTOP, expected: NO_MIRROR })
  const { page } = opened
  await act(page, 'Provision a device')
  const dialog = page.getByRole('dialog')
  await dialog.locator('label').filter({ hasText: /^\s*Splitter\s*$/ }).click()
  await dialog.getByLabel('Name', { exact: true }).waitFor()
  expect(await dialog.getByText('Connect to').count()).toBe(0)
  await close(opened)
})
