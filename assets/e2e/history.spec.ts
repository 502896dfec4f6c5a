import { mkdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { close, launch, LAPTOP, open, TELEPHONE } from './support/browser'
import { axeViolations, overflow } from './support/pages'
import { Unoc } from './support/unoc'

/** Without PostgreSQL there is no such resource. */
const EXPECTED = [/404.*api\/sync/]
const PICTURES = process.env['UNOC_PICTURES'] ?? join(tmpdir(), 'unoc-pictures')
const MINUTE_MS = 60_000

let browser: Browser
let unoc: Unoc
let ont = 0

beforeAll(async () => {
  mkdirSync(PICTURES, { recursive: true })
  browser = await launch()
  unoc = await Unoc.start()
  const types = { GW: 'BACKBONE_GATEWAY', CORE: 'CORE_ROUTER', EDGE: 'EDGE_ROUTER', OLT: 'OLT', ONT: 'ONT' }
  let above = 0
  for (const [name, type] of Object.entries(types)) {
    ont = await unoc.provision(name, type)
    if (above !== 0) await unoc.connect(above, ont, { length_km: 0.5, physical_medium_id: 'G652D' })
    above = ont
  }
  await unoc.call('PATCH', `api/devices/${ont}/override`, { status_override: 'DOWN' })
  await unoc.call('DELETE', `api/devices/${ont}/override`)
})

afterAll(async () => {
  await browser.close()
  await unoc.stop()
})

/** A day of three-minute points with an outage, planned work and a gap. */
function day(): { from: string; to: string; point_s: number; points: object[] } {
  const now = Math.floor(Date.now() / MINUTE_MS) * MINUTE_MS
  const time = (minutes: number) => new Date(now - minutes * MINUTE_MS).toISOString()
  const values = (max: number) => ({ min: 0, max, mean: max / 2 })
  const minutes = Array.from({ length: 480 }, (_, at) => (479 - at) * 3).filter((each) => each < 300 || each > 400)
  const points = minutes.map((each) => ({
    at: time(each),
    customers: values(1_024),
    without_service: values(each > 600 && each < 690 ? 43 : each % 7 === 0 ? 2 : 1),
    degraded: values(0),
    planned_work: values(each > 100 && each < 160 ? 32 : 0),
  }))
  return { from: time(1_440), to: time(0), point_s: 180, points }
}

async function check(page: Page, name: string): Promise<void> {
  expect(await axeViolations(page)).toEqual([])
  expect(await overflow(page)).toBe(0)
  await page.screenshot({ path: join(PICTURES, `${name}.png`) })
}

for (const theme of ['light', 'dark'] as const) {
  for (const [width, size] of Object.entries({ wide: { ...LAPTOP, width: 1440 }, narrow: TELEPHONE })) {
    test(`the history and the availability are shown, ${theme} and ${width}`, async () => {
      const opened = await open(browser, `${unoc.url}/settings`, { theme, size, expected: EXPECTED })
      const { page } = opened
      const recorded = { ...day(), points: [] as object[] }
      await page.route('**/api/history/customers?*', (route) => route.fulfill({ json: recorded }))
      await page.goto(`${unoc.url}/operations`)
      await page.getByText(/The history begins with this installation/).waitFor()
      recorded.points = day().points
      const card = page.getByRole('region', { name: 'Subscribers without service' })
      await card.getByRole('button', { name: '7 d' }).focus()
      await page.keyboard.press('Enter')
      await card.getByRole('img', { name: /Now: 0\. Most in the last 7 days: 43, / }).locator('canvas').waitFor()
      await check(page, `history-overview-${theme}-${width}`)

      await page.goto(`${unoc.url}/inventory?device=${ont}`)
      const panel = page.getByRole('complementary').getByRole('region', { name: 'Availability, 30 days' })
      await panel.getByText(/Recorded for less than an hour, 1.outage/).waitFor()
      await panel.getByRole('img', { name: /^Outages on 1 of \d.days?: .* DOWN for less than a second$/ }).waitFor()
      expect(await panel.getByRole('list', { name: 'Outages' }).getByRole('listitem').count()).toBe(1)
      await panel.scrollIntoViewIfNeeded()
      await check(page, `history-panel-${theme}-${width}`)
      await close(opened)
    })
  }
}
