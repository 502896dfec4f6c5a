import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Incidents, ReportHead } from '../src/api/types'
import { close, connection, launch, open, until } from './support/browser'
import { axeViolations } from './support/pages'
import { picture } from './support/pictures'
import { Unoc } from './support/unoc'

/** A server without a mirror has no such resource. */
const NO_MIRROR = [/404.*api\/sync/]

let unoc: Unoc
let browser: Browser
let incident: number
let report: number

beforeAll(async () => {
  ;[unoc, browser] = await Promise.all([Unoc.start(), launch()])
})

/** What an operator on call finds at night: a fault with customers behind it, and a report of the day. */
test('a fault becomes an incident, and the day is reviewed', async () => {
  await unoc.call('POST', 'api/seed')
  const [splitter] = await unoc.call<{ id: number }[]>('GET', 'api/devices?device_type=SPLITTER&limit=1')
  const cut = { status_override: 'DOWN', override_reason: 'excavator in Mill Lane' }
  await unoc.call('PATCH', `api/devices/${splitter?.id ?? 0}/override`, cut)
  const of = async (): Promise<Incidents> => unoc.call('GET', 'api/incidents?state=not_closed&source=network')
  await until('the fault is an incident', async () => (await of()).incidents.length > 0)
  incident = (await of()).incidents[0]?.id ?? 0
  await unoc.call('POST', `api/incidents/${incident}/acknowledge`, { name: 'Ada', note: 'A team is on its way' })
  await unoc.call('POST', 'api/jobs/backup/run')
  await unoc.call('POST', 'api/jobs/daily-review/run')
  const reports = async (): Promise<ReportHead[]> => unoc.call('GET', 'api/reports')
  await until('the day is reviewed', async () => (await reports()).length > 0)
  report = (await reports())[0]?.id ?? 0
})

afterAll(async () => {
  await browser.close()
  await unoc.stop()
})

describe.each(['light', 'dark'] as const)('a night with a fault, in %s', (theme) => {
  test.each([
    ['overview', '/operations', 'Overview'],
    ['incidents', '/operations/incidents', 'Incidents'],
    ['incident', '/operations/incidents/', /^Incident \d+$/],
    ['health', '/operations/health', 'Health'],
    ['logs', '/operations/logs', 'Logs'],
    ['report', '/operations/reports/', /review/i],
  ] as const)('the page %s', async (name, path, heading) => {
    const id = name === 'incident' ? incident : name === 'report' ? report : ''
    const opened = await open(browser, `${unoc.url}${path}${id}`, { theme, expected: NO_MIRROR })
    const { page } = opened
    await connection(page, 'Live')
    await page.getByRole('heading', { level: 1, name: heading }).waitFor()
    await page.locator('main [role="status"]:has-text("Loading")').first().waitFor({ state: 'detached' })
    expect(await axeViolations(page)).toEqual([])
    await picture(page, `night-${name}-${theme}`)
    await close(opened)
  })
})
