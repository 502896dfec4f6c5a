import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { backupsIn, jobsIn, pruningOf } from './support/backups'
import { close, connection, launch, open, type Opened, TELEPHONE } from './support/browser'
import { mirror } from './support/mirror'
import { axeViolations, brokenWords, cutOff, overflow, PAGES } from './support/pages'
import { Unoc } from './support/unoc'

let unoc: Unoc
let browser: Browser

beforeAll(async () => {
  ;[unoc, browser] = await Promise.all([Unoc.start(), launch()])
  await unoc.call('POST', 'api/seed')
  // Without a position, so that the tool bar offers to arrange it.
  await unoc.provision('GW-9', 'BACKBONE_GATEWAY')
})

afterAll(async () => {
  await browser.close()
  await unoc.stop()
})

/** A telephone and a laptop, both at 200 %. */
const ZOOMED = [
  { of: 'telephone', size: { width: 195, height: 422 } },
  { of: 'laptop', size: { width: 640, height: 400 } },
]

async function visit(path: string, routes: Record<string, unknown> = {}, size = TELEPHONE): Promise<Opened> {
  const opened = await open(browser, 'about:blank', { size, expected: [/404.*api\/sync/, /ERR_CONNECTION_(REFUSED|RESET)|ERR_EMPTY_RESPONSE|ERR_INCOMPLETE_CHUNKED_ENCODING/] })
  for (const [url, json] of Object.entries(routes)) await opened.page.route(url, (route) => route.fulfill({ json }))
  await opened.page.goto(unoc.url + path)
  await connection(opened.page, 'Live')
  return opened
}

/** The page is as wide as the window, everything on it can be reached, and no column is too narrow for its words. */
async function fits(page: Page): Promise<void> {
  const [scrolled, seen] = await page.evaluate(() => [document.scrollingElement?.scrollWidth ?? 0, innerWidth])
  expect(scrolled).toBeLessThanOrEqual(seen ?? 0)
  expect(await overflow(page)).toBeLessThanOrEqual(0)
  expect(await cutOff(page)).toEqual([])
  expect(await brokenWords(page)).toEqual([])
}

test.each(PAGES)('$name fits a telephone', async ({ path, heading }) => {
  const opened = await visit(path)
  const { page } = opened
  await page.getByRole('heading', { level: 1, name: heading }).waitFor()
  await page.locator('main [role="status"]:has-text("Loading")').first().waitFor({ state: 'detached' })
  if (path === '/topology') await page.getByRole('button', { name: 'Arrange' }).waitFor()
  await fits(page)
  expect(await axeViolations(page)).toEqual([])
  await close(opened)
})

for (const { of, size } of ZOOMED) {
  test.each(PAGES.filter(({ name }) => name !== 'topology'))(`$name can be read on a ${of} at 200 %`, async ({ path, heading }) => {
    const opened = await visit(path, {}, size)
    const { page } = opened
    await page.getByRole('heading', { level: 1, name: heading }).waitFor()
    await page.locator('main [role="status"]:has-text("Loading")').first().waitFor({ state: 'detached' })
    const [scrolled, seen] = await page.evaluate(() => [document.scrollingElement?.scrollWidth ?? 0, innerWidth])
    expect(scrolled).toBeLessThanOrEqual(seen ?? 0)
    expect(await overflow(page)).toBeLessThanOrEqual(0)
    expect(await brokenWords(page)).toEqual([])
    await close(opened)
  })
}

test.each([TELEPHONE, ...ZOOMED.map(({ size }) => size)])('the panel of a device can be read at $width px', async (size) => {
  const [device] = await unoc.call<{ id: number }[]>('GET', 'api/devices?device_type=ONT&status=DOWN&limit=1')
  const opened = await visit(`/operations/problems?device=${device?.id}`, {}, size)
  const { page } = opened
  await page.getByRole('complementary').getByRole('heading', { name: 'Identity' }).waitFor()
  expect(await brokenWords(page)).toEqual([])
  await close(opened)
})

test.each([TELEPHONE, ...ZOOMED.map(({ size }) => size)])('the panel of a link can be read at $width px', async (size) => {
  const [link] = await unoc.call<{ id: number }[]>('GET', 'api/links?limit=1')
  const opened = await visit(`/links?link=${link?.id}`, {}, size)
  const { page } = opened
  const panel = page.getByRole('complementary')
  await panel.getByText(/(would go|goes) DOWN with it/).waitFor()
  await panel.getByRole('button', { name: 'Fibre cut…' }).click()
  await page.getByRole('dialog').getByText(/No other device changes|goes DOWN|go DOWN/).waitFor()
  expect(await brokenWords(page)).toEqual([])
  await close(opened)
})

test('failing backups fit a telephone', async () => {
  const all = backupsIn('failing')
  const opened = await visit('/operations/backups', {
    '**/api/backups': all,
    '**/api/backups/prune': pruningOf(all),
    '**/api/jobs': jobsIn('failing'),
  })
  await opened.page.getByText(/Restorable only as of/).waitFor()
  await opened.page.getByRole('group', { name: 'Backups as a table' }).waitFor()
  await fits(opened.page)
  await close(opened)
})

test.each(['live', 'waiting', 'stopped'] as const)('a mirror that is %s fits a telephone', async (state) => {
  const opened = await visit('/operations/sync', { '**/api/sync': mirror(state) })
  await opened.page.getByRole('heading', { name: 'Progress' }).waitFor()
  await opened.page.getByText('Newest rounds as a table').click()
  await fits(opened.page)
  await close(opened)
})

test('the tools of the topology stay in the window, and so do their words for those who listen', async () => {
  const opened = await visit('/topology')
  const tools = opened.page.getByRole('toolbar', { name: 'Topology tools' })
  await tools.getByRole('button', { name: 'Arrange' }).waitFor()
  await tools.getByRole('button', { name: 'Add device' }).click()
  await tools.getByRole('group', { name: 'Device types' }).waitFor()
  for (const button of await tools.getByRole('button').all()) {
    const box = await button.boundingBox()
    expect((box?.x ?? 0) + (box?.width ?? Infinity)).toBeLessThanOrEqual(TELEPHONE.width)
  }
  await fits(opened.page)
  await close(opened)
})

test('the import dialog shows every column on a telephone', async () => {
  const opened = await visit('/inventory')
  await opened.page.getByRole('button', { name: 'Import' }).click()
  const columns = opened.page.getByRole('dialog').locator('code')
  await columns.first().waitFor()
  const edges = await columns.evaluateAll((all) => all.map((each) => each.getBoundingClientRect().right))
  const dialog = await opened.page.getByRole('dialog').boundingBox()
  expect(Math.max(...edges)).toBeLessThanOrEqual((dialog?.x ?? 0) + (dialog?.width ?? 0))
  await fits(opened.page)
  await close(opened)
})

test('the header of a page that lost its server fits a telephone', async () => {
  const opened = await visit('/settings')
  await unoc.kill()
  await connection(opened.page, 'Reconnecting')
  await fits(opened.page)
  await close(opened)
  await unoc.run()
})
