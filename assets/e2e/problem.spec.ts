import { readFileSync } from 'node:fs'
import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { clicks, close, countClicks, LAPTOP, launch, open, type Opened, TELEPHONE, until } from './support/browser'
import { axeViolations, brokenWords, cutOff, overflow } from './support/pages'
import { Unoc } from './support/unoc'

/** Without PostgreSQL there is no such resource; nor is a problem that is over. */
const EXPECTED = [/404.*api\/(sync|problems)/]
/** A telephone and a laptop, both at 200 %. */
const ZOOMED = [{ width: 195, height: 422 }, { width: 640, height: 400 }]

/** Of the first ONT. */
const CUSTOMER = { customer_name: 'Anna Weber', phone: '+49 (0)89 123 456', address: 'Am Anger 7, 80331 München' }

let browser: Browser
let unoc: Unoc
/** The link between the OLT and the splitter; three ONTs are behind it. */
let feeder: number
/** One of the two uplinks of the edge router. */
let uplink: number
let olt: number

beforeAll(async () => {
  browser = await launch()
  unoc = await Unoc.start()
  const types = {
    GW: 'BACKBONE_GATEWAY', 'CORE-1': 'CORE_ROUTER', 'CORE-2': 'CORE_ROUTER', EDGE: 'EDGE_ROUTER', OLT: 'OLT', SPL: 'SPLITTER',
  }
  const ids: Record<string, number> = {}
  for (const [name, type] of Object.entries(types)) ids[name] = await unoc.provision(name, type)
  const connect = (a: string, b: string) => unoc.connect(ids[a] ?? 0, ids[b] ?? 0, { length_km: 2, physical_medium_id: 'G652D' })
  await connect('GW', 'CORE-1')
  await connect('GW', 'CORE-2')
  uplink = await connect('CORE-1', 'EDGE')
  await connect('CORE-2', 'EDGE')
  await connect('EDGE', 'OLT')
  feeder = await connect('OLT', 'SPL')
  olt = ids['OLT'] ?? 0
  for (const name of ['ONT-1', 'ONT-2', 'ONT-3']) {
    ids[name] = await unoc.provision(name, 'ONT', name === 'ONT-1' ? CUSTOMER : {})
    await connect('SPL', name)
  }
})

afterEach(async () => {
  await unoc.call('DELETE', `api/links/${feeder}/override`)
  await unoc.call('DELETE', `api/links/${uplink}/override`)
})

afterAll(async () => {
  await browser.close()
  await unoc.stop()
})

async function cut(link = feeder): Promise<void> {
  await unoc.call('PATCH', `api/links/${link}`, { status_override: 'DOWN', override_reason: 'excavator' })
}

/** Opens a page that counts its clicks from now on. */
async function visit(path: string, size = LAPTOP, theme: 'light' | 'dark' = 'light'): Promise<Opened> {
  const opened = await open(browser, 'about:blank', { expected: EXPECTED, size, theme })
  await countClicks(opened.page)
  await opened.page.goto(unoc.url + path)
  return opened
}

function problemPage(): string {
  return `/operations/problems/link/${feeder}`
}

async function isOpen(page: Page): Promise<void> {
  await page.getByRole('heading', { level: 1, name: 'OLT - SPL' }).waitFor()
  await page.getByText('3 subscribers without service').first().waitFor()
}

test('a cut is put back from the list of problems with 3 clicks, and the page says that it is over', async () => {
  await cut()
  const opened = await visit('/operations/problems')
  const { page } = opened
  await page.locator('a.cause').filter({ hasText: 'OLT' }).click()
  await isOpen(page)
  expect(new URL(page.url()).pathname).toBe(problemPage())
  await page.getByText('Lit down to OLT, dark from OLT - SPL.').waitFor()
  const parts = page.getByRole('list', { name: 'Path from the backbone' }).getByRole('listitem')
  expect(await parts.count()).toBe(9)
  await parts.nth(6).getByText('last lit').waitFor()
  await parts.nth(7).getByText('first dark').waitFor()
  await page.getByRole('list', { name: 'Customers' }).getByRole('button', { name: 'ONT-2' }).waitFor()
  await page.getByRole('button', { name: /update link/i }).first().waitFor()
  await page.getByRole('button', { name: 'Clear override' }).click()
  await page.getByRole('dialog').getByText('3 subscribers get service').waitFor()
  await page.getByRole('dialog').getByRole('button', { name: 'Clear override' }).click()
  await page.getByRole('heading', { name: 'Not a problem any more' }).waitFor()
  expect(await clicks(page)).toBe(3)
  await page.goBack()
  await page.getByRole('heading', { level: 1, name: 'Problems' }).waitFor()
  await close(opened)
})

test('the page is reached from the Overview and from the panels of those affected', async () => {
  await cut()
  const opened = await visit('/operations')
  const { page } = opened
  await page.locator('a.cause').first().click()
  await isOpen(page)
  await page.getByRole('list', { name: 'Customers' }).getByRole('button', { name: 'ONT-3' }).click()
  const panel = page.getByRole('complementary', { name: 'Device ONT-3' })
  await panel.waitFor()
  await page.goto(`${unoc.url}/inventory?device=${olt + 2}`)
  await page.getByRole('link', { name: /Show the problem: 3\ssubscribers without service/ }).click()
  await isOpen(page)
  expect(page.url()).not.toContain('device=')
  await close(opened)
})

test('another one is found after a lost uplink: the redundancy that is left', async () => {
  await cut(uplink)
  const opened = await visit(`/operations/problems/link/${uplink}`)
  await opened.page.getByText('1 of 2 uplinks of EDGE works: through CORE-2.').waitFor()
  await opened.page.getByText('No subscribers affected').waitFor()
  await close(opened)
})

test('from the link to a call with two more taps on a telephone', async () => {
  await cut()
  const opened = await visit(problemPage(), TELEPHONE)
  const { page } = opened
  await isOpen(page)
  await page.getByRole('button', { name: 'Customers' }).click()
  const call = page.getByRole('link', { name: 'Call Anna Weber' })
  expect(await call.getAttribute('href')).toBe('tel:+4989123456')
  const box = await call.boundingBox()
  expect(box?.height).toBeGreaterThanOrEqual(44)
  expect((box?.y ?? Infinity) + (box?.height ?? 0)).toBeLessThanOrEqual(TELEPHONE.height)
  expect(await clicks(page)).toBe(1)
  await page.getByText('Am Anger 7, 80331 München').waitFor()
  await close(opened)
})

test.each([TELEPHONE, ...ZOOMED])('the page of a problem can be read at $width px', async (size) => {
  await cut()
  const opened = await visit(problemPage(), size)
  const { page } = opened
  await isOpen(page)
  expect(await overflow(page)).toBeLessThanOrEqual(0)
  expect(await brokenWords(page)).toEqual([])
  if (size === TELEPHONE) {
    expect(await cutOff(page)).toEqual([])
    expect(await axeViolations(page)).toEqual([])
  }
  await close(opened)
})

test('all customers are exported, and the link is copied', async () => {
  await cut()
  const opened = await visit(problemPage())
  const { page, context } = opened
  await isOpen(page)
  const download = page.waitForEvent('download')
  await page.getByRole('button', { name: 'Export' }).click()
  const lines = readFileSync(await (await download).path(), 'utf8').trim().split('\r\n')
  expect(lines).toHaveLength(4)
  expect(lines[1]).toMatch(/^ONT-1,Anna Weber,'\+49 \(0\)89 123 456,"Am Anger 7, 80331 München",,,ONT,DOWN,no_optical_path,.*,OLT,pon0,SPL,/)
  await context.grantPermissions(['clipboard-read', 'clipboard-write'])
  await page.getByRole('button', { name: 'Copy link to this page' }).click()
  await page.getByText('Copied the link to this page.').waitFor()
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(unoc.url + problemPage())
  await close(opened)
})

test('on paper stand the path and the customers, without what can only be pressed', async () => {
  await cut()
  const opened = await visit(problemPage())
  const { page } = opened
  await isOpen(page)
  await page.emulateMedia({ media: 'print' })
  await page.getByText('Lit down to OLT, dark from OLT - SPL.').waitFor()
  expect(await page.getByRole('list', { name: 'Customers' }).getByRole('listitem').count()).toBe(3)
  expect(await page.getByRole('button', { name: 'Clear override' }).isVisible()).toBe(false)
  await close(opened)
})

test.each(['light', 'dark'] as const)('axe finds nothing on the page of a problem, %s', async (theme) => {
  await cut()
  const opened = await visit(problemPage(), LAPTOP, theme)
  await isOpen(opened.page)
  await opened.page.getByRole('button', { name: /update link/i }).first().click()
  expect(await axeViolations(opened.page)).toEqual([])
  await close(opened)
})

test('a link that is held UP is counted and listed as an override, and put back', async () => {
  await unoc.call('PATCH', `api/links/${feeder}`, { status_override: 'UP', override_reason: 'meter says so' })
  const opened = await visit('/operations')
  const { page } = opened
  await page.getByRole('link', { name: /1\s*Overridden/ }).click()
  await page.getByRole('heading', { level: 1, name: 'Overrides' }).waitFor()
  const row = page.getByRole('listitem').filter({ hasText: 'OLT - SPL' })
  await row.getByText('meter says so').waitFor()
  expect(await axeViolations(page)).toEqual([])
  await row.getByRole('button', { name: 'Clear override' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Clear override' }).click()
  await page.getByRole('heading', { name: 'No overrides' }).waitFor()
  await until('it is cleared', async () => {
    const link = await unoc.call<{ status_override: string | null }>('GET', `api/links/${feeder}`)
    return link.status_override === null
  })
  await close(opened)
})
