import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { close, connection, launch, open, type Opened } from './support/browser'
import { jobsIn } from './support/backups'
import { overflow, PAGES } from './support/pages'
import { Unoc } from './support/unoc'

/** A server without a mirror has no such resource. */
const NO_MIRROR = [/404.*api\/sync/]

let browser: Browser
let unoc: Unoc
beforeAll(async () => {
  ;[unoc, browser] = await Promise.all([Unoc.start(), launch()])
  await unoc.call('POST', 'api/seed')
})
afterAll(async () => {
  await browser.close()
  await unoc.stop()
})

async function visit(path: string, size = { width: 1440, height: 900 }): Promise<Opened> {
  const opened = await open(browser, unoc.url + path, { expected: NO_MIRROR, size })
  await connection(opened.page, 'Live')
  return opened
}

/** The colours that an element is drawn in. */
async function colours(page: Page, selector: string): Promise<{ text: string; ground: string }> {
  return page.locator(selector).first().evaluate((element) => {
    const { color, backgroundColor } = getComputedStyle(element)
    return { text: color, ground: backgroundColor }
  })
}

test('in forced colours the open page and a status are told from the rest', async () => {
  const opened = await visit('/operations/problems')
  const { page } = opened
  await page.emulateMedia({ forcedColors: 'active' })
  const active = await colours(page, 'nav .router-link-exact-active')
  const other = await colours(page, 'nav a:not(.router-link-exact-active)')
  expect(active.ground).not.toBe(other.ground)
  expect(active.text).not.toBe(active.ground)
  await page.getByText('Critical').first().waitFor()
  // Forced, its text would stand on a plate of its own colour.
  const mark = page.locator('.mark.down').first()
  expect(await mark.evaluate((element) => getComputedStyle(element).forcedColorAdjust)).toBe('none')
  await close(opened)
})

test('on paper a page has its whole content and nothing to press', async () => {
  const opened = await visit('/inventory')
  const { page } = opened
  await page.getByRole('row', { name: /BB-GW-1/ }).waitFor()
  await page.emulateMedia({ media: 'print' })
  await page.evaluate(() => window.dispatchEvent(new Event('beforeprint')))
  await page.getByRole('row', { name: /CPE-1-10/ }).waitFor()
  for (const what of ['#app header.h-14', 'nav', '.button', '.field']) {
    expect(await page.locator(what).filter({ visible: true }).count(), what).toBe(0)
  }
  await page.getByText(/^UNOC, site /).waitFor()
  const [main, rows] = await page.evaluate(() => [
    document.querySelector('main')?.clientHeight ?? 0,
    document.querySelectorAll('[role="row"]').length,
  ])
  expect(main).toBeGreaterThan(75 * 26)
  expect(rows).toBeGreaterThan(75)
  await close(opened)
})

test('on paper times are absolute, and the address tells the filters', async () => {
  const opened = await visit('/inventory?q=OLT&device=20')
  const { page } = opened
  await page.getByRole('complementary').waitFor()
  await page.emulateMedia({ media: 'print' })
  await page.getByText(/\/inventory\?q=OLT&device=20$/).waitFor()
  const printed = await page.locator('[data-printed]').first().evaluate((cell) => {
    return { content: getComputedStyle(cell, '::after').content, own: getComputedStyle(cell).fontSize }
  })
  expect(printed.content).toMatch(/^"\d{4}-\d\d-\d\d \d\d:\d\d"$/)
  expect(printed.own).toBe('0px')
  const since = await page.getByRole('complementary').locator('time[data-as="duration"]').first().evaluate((time) => getComputedStyle(time, '::after').content)
  expect(since).toMatch(/^"since .*\d{4}/)
  for (const what of ['input[type="checkbox"]', '[role="toolbar"]', '[role="tablist"]', '.button']) {
    expect(await page.locator(what).filter({ visible: true }).count(), what).toBe(0)
  }
  const panel = await page.getByRole('complementary').evaluate((aside) => getComputedStyle(aside).breakBefore)
  expect(panel).toBe('page')
  await close(opened)
})

test('at 200 % nothing of the header or a page is cut off, and the panel has room', async () => {
  const opened = await visit('/operations?device=20', { width: 720, height: 450 })
  const { page } = opened
  const panel = await page.getByRole('complementary').boundingBox()
  expect(panel?.width).toBeGreaterThan(350)
  await page.getByRole('button', { name: 'Close' }).click()
  for (const { path, heading } of PAGES) {
    await page.goto(unoc.url + path)
    await page.getByRole('heading', { level: 1, name: heading }).waitFor()
    expect(await overflow(page), heading).toBeLessThanOrEqual(0)
  }
  const boxes = await page.locator('header.flex > :visible').evaluateAll((all) =>
    all.map((each) => each.getBoundingClientRect()).filter(({ width }) => width > 0).map(({ left, right }) => [left, right] as const),
  )
  boxes.forEach(([left], at) => expect(left).toBeGreaterThanOrEqual((boxes[at - 1]?.[1] ?? 0) - 1))
  await close(opened)
})

test('a job runs next at the time of the server, whose zone is named', async () => {
  const opened = await open(browser, 'about:blank', { expected: NO_MIRROR })
  const { page } = opened
  const { jobs } = jobsIn('fresh')
  const next = new Date()
  next.setUTCHours(17, 15, 0, 0)
  const soon = jobs.map((job) => ({ ...job, next_run_at: next.toISOString() }))
  await page.route('**/api/jobs', (route) => route.fulfill({ json: { ...jobsIn('fresh'), timezone: 'Asia/Tokyo', jobs: soon } }))
  await page.goto(`${unoc.url}/operations/jobs`)
  await page.getByText(/02:15 Asia\/Tokyo$/).first().waitFor()
  await close(opened)
})
