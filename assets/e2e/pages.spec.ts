import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { close, connection, LAPTOP, launch, open, type Opened, openSearch, TABLET } from './support/browser'
import { axeViolations, overflow, PAGES } from './support/pages'
import { picture } from './support/pictures'
import { backupsIn, jobsIn, pruningOf, restoreOf, type Situation } from './support/backups'
import { mirror } from './support/mirror'
import { Unoc } from './support/unoc'

/** A server without a mirror has no such resource. */
const NO_MIRROR = [/404.*api\/sync/]

let unoc: Unoc
let browser: Browser
let ontId: number

beforeAll(async () => {
  ;[unoc, browser] = await Promise.all([Unoc.start(), launch()])
  await unoc.call('POST', 'api/seed')
  const list = await unoc.call<{ id: number; name: string }[]>('GET', 'api/devices?q=ONT-1-2-10')
  ontId = list[0]?.id ?? 0
})

afterAll(async () => {
  await browser.close()
  await unoc.stop()
})

async function visit(path: string, theme: 'light' | 'dark'): Promise<Opened> {
  const opened = await open(browser, unoc.url + path, { theme, expected: NO_MIRROR })
  await connection(opened.page, 'Live')
  return opened
}

describe.each(['light', 'dark'] as const)('in %s', (theme) => {
  test.each(PAGES)('$name: no fault, no sideways scroll, a picture', async ({ name, path, heading }) => {
    const opened = await visit(path, theme)
    const { page } = opened
    await page.getByRole('heading', { level: 1, name: heading }).waitFor()
    await page.locator('main [role="status"]:has-text("Loading")').first().waitFor({ state: 'detached' })
    for (const [size, label] of [[TABLET, 'tablet'], [LAPTOP, 'laptop']] as const) {
      await page.setViewportSize(size)
      expect(await overflow(page), label).toBeLessThanOrEqual(0)
      await picture(page, `${name}-${theme}-${label}`)
    }
    expect(await axeViolations(page)).toEqual([])
    await close(opened)
  })

  test('the panel of a device: each tab without fault', async () => {
    const opened = await visit(`/inventory?device=${ontId}`, theme)
    const { page } = opened
    for (const tab of ['Overview', 'Interfaces', 'Optical', 'Events']) {
      await page.getByRole('tab', { name: tab }).click()
      await page.getByRole('tabpanel', { name: tab }).waitFor()
      await page.getByRole('tabpanel').getByText(/Loading|Searching/).first().waitFor({ state: 'detached' })
      expect(await axeViolations(page), tab).toEqual([])
      await picture(page, `panel-${tab.toLowerCase()}-${theme}`)
    }
    await page.setViewportSize(TABLET)
    expect(await overflow(page)).toBeLessThanOrEqual(0)
    await close(opened)
  })

  test('the dialogs and the search: without fault', async () => {
    const opened = await visit('/inventory', theme)
    const { page } = opened
    const actions = ['Provision a device', 'Connect two devices', 'Import devices from CSV']
    for (const action of actions) {
      await openSearch(page)
      await page.getByRole('dialog', { name: 'Search' }).getByRole('combobox').fill(action)
      if (action === actions[0]) {
        expect(await axeViolations(page), 'search').toEqual([])
        await picture(page, `search-${theme}`)
      }
      await page.keyboard.press('Enter')
      await page.getByRole('dialog').getByRole('heading', { name: action }).waitFor()
      expect(await axeViolations(page), action).toEqual([])
      await picture(page, `${action.split(' ')[0]?.toLowerCase()}-${theme}`)
      await page.keyboard.press('Escape')
      await page.getByRole('dialog').waitFor({ state: 'detached' })
    }
    await close(opened)
  })
})

describe.each(['live', 'waiting', 'stopped'] as const)('a mirror that is %s', (state) => {
  test.each(['light', 'dark'] as const)('in %s: no fault', async (theme) => {
    const opened = await open(browser, 'about:blank', { theme })
    const { page } = opened
    await page.route('**/api/sync', (route) => route.fulfill({ json: mirror(state) }))
    await page.goto(`${unoc.url}/operations/sync`)
    await page.getByRole('heading', { name: 'Progress' }).waitFor()
    await page.getByRole('img', { name: /Rows and duration/ }).locator('canvas').waitFor()
    await page.getByRole('link', { name: /^Sync (Up to date|4 min behind|Stopped)/ }).waitFor()
    expect(await axeViolations(page)).toEqual([])
    await picture(page, `sync-${state}-${theme}`)
    await page.setViewportSize(TABLET)
    expect(await overflow(page)).toBeLessThanOrEqual(0)
    await close(opened)
  })
})

/** A page whose backups and jobs stand as they are told here. */
async function visitSituation(situation: Situation, path: string, theme: 'light' | 'dark'): Promise<Opened> {
  const opened = await open(browser, 'about:blank', { theme, expected: NO_MIRROR })
  const { page } = opened
  await page.route('**/api/backups', (route) => route.fulfill({ json: backupsIn(situation) }))
  await page.route('**/api/backups/prune', (route) => route.fulfill({ json: pruningOf(backupsIn(situation)) }))
  await page.route('**/api/backups/*/restore', (route) => route.fulfill({ json: restoreOf('unoc_20261125_021500', true) }))
  await page.route('**/api/jobs', (route) => route.fulfill({ json: jobsIn(situation) }))
  await page.goto(unoc.url + path)
  await connection(page, 'Live')
  return opened
}

describe.each(['fresh', 'fine', 'local', 'failing', 'active'] as const)('backups that are %s', (situation) => {
  test.each(['light', 'dark'] as const)('in %s: no violation on any page that shows them', async (theme) => {
    const opened = await visitSituation(situation, '/operations/backups', theme)
    const { page } = opened
    for (const [name, heading] of [['backups', 'Retention'], ['jobs', 'Copy backups off the host'], ['overview', 'Runbook']] as const) {
      await page.setViewportSize(LAPTOP)
      if (name !== 'backups') await page.getByRole('link', { name, exact: false }).first().click()
      await page.getByRole('heading', { name: heading }).waitFor()
      if (name === 'backups') await page.getByText(/The next pruning removes/).waitFor()
      expect(await axeViolations(page), name).toEqual([])
      await picture(page, `${name}-${situation}-${theme}`)
      await page.setViewportSize(TABLET)
      expect(await overflow(page), name).toBeLessThanOrEqual(0)
    }
    await close(opened)
  })
})

test.each(['light', 'dark'] as const)('the preview of a restore in %s: no fault', async (theme) => {
  const opened = await visitSituation('fine', '/operations/backups', theme)
  const { page } = opened
  await page.getByRole('button', { name: /^Restore…/ }).first().click()
  await page.getByRole('dialog').getByText(/188\schanges will be lost/).waitFor()
  expect(await axeViolations(page)).toEqual([])
  await picture(page, `restore-${theme}`)
  await close(opened)
})

test('taking over is confirmed by name', async () => {
  const opened = await open(browser, 'about:blank')
  const { page } = opened
  let asked = 0
  await page.route('**/api/sync', (route) => route.fulfill({ json: mirror('stopped') }))
  await page.route('**/api/sync/takeover', (route) => {
    asked += 1
    return route.fulfill({ json: mirror('live') })
  })
  await page.goto(`${unoc.url}/operations/sync`)
  await page.getByRole('button', { name: 'Take over…' }).click()
  const confirm = page.getByRole('dialog').getByRole('button', { name: 'Take over' })
  expect(await confirm.isDisabled()).toBe(true)
  await page.getByRole('dialog').getByRole('textbox').fill('7e539ac5')
  await confirm.click()
  await page.getByText('This appliance now writes the site.').waitFor()
  expect(asked).toBe(1)
  await close(opened)
})

test('an empty site shows the first step', async () => {
  const empty = await Unoc.start()
  const opened = await open(browser, `${empty.url}/`, { expected: NO_MIRROR })
  await opened.page.getByRole('button', { name: 'Load the demo network' }).waitFor()
  expect(await axeViolations(opened.page)).toEqual([])
  await picture(opened.page, 'empty-light')
  await close(opened)
  await empty.stop()
})

test('below a path, and by the keyboard alone', async () => {
  const below = await Unoc.start({ basePath: '/noc/unoc' })
  await below.provision('GW-1', 'BACKBONE_GATEWAY')
  const opened = await open(browser, `${below.url}/inventory`, { expected: NO_MIRROR })
  const { page } = opened
  await connection(page, 'Live')
  await page.keyboard.press('Tab')
  await page.getByRole('button', { name: 'Skip to content' }).waitFor()
  await page.keyboard.press('Enter')
  await page.keyboard.press('/')
  await page.keyboard.type('gw')
  await page.getByRole('row', { name: /GW-1/ }).focus()
  await page.keyboard.press('Enter')
  await page.getByRole('complementary', { name: 'Device GW-1' }).waitFor()
  expect(new URL(page.url()).pathname).toBe('/noc/unoc/inventory')
  await page.keyboard.press('Escape')
  await page.getByRole('complementary').waitFor({ state: 'detached' })
  await openSearch(page)
  await page.keyboard.type('health')
  await page.keyboard.press('Enter')
  await page.getByRole('heading', { level: 1, name: 'Health' }).waitFor()
  expect(new URL(page.url()).pathname).toBe('/noc/unoc/operations/health')
  await close(opened)
  await below.stop()
})
