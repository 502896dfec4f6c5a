import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { close, LAPTOP, launch, open, type Opened, TELEPHONE } from './support/browser'
import { axeViolations, brokenWords, cutOff, overflow } from './support/pages'
import { Unoc } from './support/unoc'

/** Without PostgreSQL there is no such resource. */
const EXPECTED = [/404.*api\/sync/]
const WIDE = { width: 1920, height: 1000 }

let browser: Browser
let unoc: Unoc
const ids: Record<string, number> = {}
/** The link between the ODF and the first splitter. */
let feeder: number

beforeAll(async () => {
  browser = await launch()
  unoc = await Unoc.start()
  const types = {
    GW: 'BACKBONE_GATEWAY', CORE: 'CORE_ROUTER', EDGE: 'EDGE_ROUTER', 'OLT-1': 'OLT', 'OLT-2': 'OLT', ODF: 'ODF',
    'S-1': 'SPLITTER', 'S-2': 'SPLITTER', 'ONT-1': 'ONT', 'ONT-2': 'ONT', 'ONT-3': 'ONT',
  }
  for (const [name, type] of Object.entries(types)) ids[name] = await unoc.provision(name, type)
  const connect = (a: string, b: string) => unoc.connect(ids[a] ?? 0, ids[b] ?? 0, { length_km: 2, physical_medium_id: 'G652D' })
  await connect('GW', 'CORE')
  await connect('CORE', 'EDGE')
  await connect('EDGE', 'OLT-1')
  await connect('EDGE', 'OLT-2')
  await connect('OLT-1', 'ODF')
  feeder = await connect('ODF', 'S-1')
  await connect('OLT-2', 'S-2')
  await connect('S-1', 'ONT-1')
  await connect('S-1', 'ONT-2')
  await connect('S-2', 'ONT-3')
  await unoc.call('PATCH', `api/links/${feeder}`, { status_override: 'DOWN', override_reason: 'excavator' })
})

afterAll(async () => {
  await browser.close()
  await unoc.stop()
})

function visit(path: string, size = LAPTOP, theme: 'light' | 'dark' = 'light'): Promise<Opened> {
  return open(browser, unoc.url + path, { expected: EXPECTED, size, theme })
}

function row(page: Page, name: string) {
  return page.getByRole('row').filter({ has: page.getByRole('gridcell', { name, exact: true }) })
}

test('the inventory names what serves a customer during an outage, sorts and filters by it', async () => {
  const opened = await visit('/inventory', WIDE)
  const { page } = opened
  const cells = row(page, 'ONT-2').getByRole('gridcell')
  await cells.filter({ hasText: 'OLT-1' }).waitFor()
  await cells.filter({ hasText: 'pon0' }).waitFor()
  await cells.filter({ hasText: 'S-1' }).waitFor()
  await page.getByRole('button', { name: 'Splitter' }).click()
  expect(await page.getByRole('row').nth(1).textContent()).toContain('ONT-1')
  await page.getByLabel('Served by OLT or AON switch').selectOption('OLT-2')
  await page.getByText('1 of 11 devices').waitFor()
  await page.getByLabel('PON port').selectOption('pon0')
  await page.getByRole('combobox', { name: 'Splitter' }).selectOption('S-2')
  await row(page, 'ONT-3').waitFor()
  expect(new URL(page.url()).searchParams.get('splitter')).toBe(String(ids['S-2']))
  expect(await axeViolations(page)).toEqual([])
  await page.getByRole('button', { name: 'Clear', exact: true }).click()
  await page.getByText('11 devices', { exact: true }).waitFor()
  await close(opened)
})

test('a splitter leads to its leaves, and a leaf to its OLT', async () => {
  const opened = await visit(`/inventory?device=${ids['S-1']}`)
  const { page } = opened
  await page.getByRole('link', { name: 'Show the leaves that it serves' }).click()
  await page.getByText('2 of 11 devices').waitFor()
  await page.goto(`${unoc.url}/inventory?device=${ids['ONT-1']}`)
  const line = page.getByRole('region', { name: 'Served by' })
  await line.getByText('pon0').waitFor()
  await line.getByRole('button', { name: 'OLT-1' }).click()
  await page.getByRole('complementary', { name: 'Device OLT-1' }).waitFor()
  await close(opened)
})

test('a problem names the line that it is on', async () => {
  const opened = await visit('/operations/problems')
  await opened.page.locator('a.cause').filter({ hasText: 'OLT-1 pon0, S-1' }).waitFor()
  await close(opened)
})

test.each([
  ['light', LAPTOP],
  ['dark', TELEPHONE],
] as const)('a dark ONT shows its designed budget and the break, %s at %o', async (theme, size) => {
  const opened = await visit(`/inventory?device=${ids['ONT-1']}`, size, theme)
  const { page } = opened
  await page.getByRole('tab', { name: 'Optical' }).click()
  await page.getByRole('group', { name: 'Designed budget' }).getByText(/dBm/).first().waitFor()
  const rows = page.getByRole('table').getByRole('row')
  await rows.filter({ hasText: 'The light stops here. An operator has set the fibre between ODF and S-1 to DOWN.' }).waitFor()
  // Two lines of headings; OLT, fibre and ODF are lit.
  expect(await rows.nth(5).textContent()).toContain('The light stops here.')
  expect(await rows.filter({ hasText: ', dark' }).count()).toBe(4)
  expect(await axeViolations(page)).toEqual([])
  expect(await overflow(page)).toBeLessThanOrEqual(0)
  expect(await brokenWords(page)).toEqual([])
  if (size === TELEPHONE) expect(await cutOff(page)).toEqual([])
  await close(opened)
})
