import { readFileSync } from 'node:fs'
import type { Browser, Locator, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { LogLevels } from '../src/api/types'
import { close, connection, launch, open, until } from './support/browser'
import { axeViolations, overflow } from './support/pages'
import { Unoc } from './support/unoc'

const NO_MIRROR = /404.*api\/sync/
const TELEPHONE = { width: 390, height: 844 }

let browser: Browser
let unoc: Unoc
beforeAll(async () => {
  ;[unoc, browser] = await Promise.all([Unoc.start(), launch()])
})
afterAll(async () => {
  await browser.close()
  await unoc.stop()
})

/** A request that is refused, which the log has a line about. */
async function refused(id: string): Promise<void> {
  await fetch(`${unoc.url}/api/devices/${id}`, { headers: { 'x-request-id': id } })
}

function rows(page: Page): Locator {
  return page.getByRole('grid', { name: 'Lines of the log' }).getByRole('row')
}

test('new lines come by themselves, are found by their request and downloaded', async () => {
  const opened = await open(browser, `${unoc.url}/operations/logs`, { expected: [NO_MIRROR] })
  const { page } = opened
  await connection(page, 'Live')
  await rows(page).filter({ hasText: 'serves http://127.0.0.1' }).waitFor()
  await refused('e2e-1')
  await refused('e2e-2')
  const line = rows(page).filter({ hasText: /GET \/api\/devices\/e2e-\d 422/ })
  await line.nth(1).waitFor()
  expect(await axeViolations(page)).toEqual([])

  await line.first().click()
  const dialog = page.getByRole('dialog', { name: 'Line of the log' })
  await dialog.getByText('e2e-1', { exact: true }).waitFor()
  expect(await axeViolations(page)).toEqual([])
  await dialog.getByRole('button', { name: 'Lines of this request' }).click()
  await until('only its line is listed', async () => (await rows(page).count()) === 1)
  expect(new URL(page.url()).searchParams.get('request')).toBe('e2e-1')

  const download = page.waitForEvent('download')
  await page.getByRole('link', { name: 'JSON Lines' }).click()
  const lines = readFileSync(await (await download).path(), 'utf8').trim().split('\n')
  expect(lines.map((text) => (JSON.parse(text) as { request_id: string }).request_id)).toEqual(['e2e-1'])
  await page.setViewportSize(TELEPHONE)
  expect(await overflow(page)).toBeLessThanOrEqual(0)
  await close(opened)
})

test('the log is paused by a key, and goes on at its end', async () => {
  const opened = await open(browser, `${unoc.url}/operations/logs?text=pause-`, { expected: [NO_MIRROR] })
  const { page } = opened
  await connection(page, 'Live')
  await refused('pause-1')
  await rows(page).first().waitFor()
  await page.keyboard.press('p')
  await refused('pause-2')
  await page.getByRole('button', { name: 'Follow (1 new)' }).click()
  await page.getByRole('button', { name: 'Pause' }).waitFor()
  await rows(page).last().click()
  await page.getByRole('dialog').getByText('pause-2', { exact: true }).waitFor()
  await close(opened)
})

test('a level is changed for some time, and ended', async () => {
  const opened = await open(browser, `${unoc.url}/operations/logs`, { expected: [NO_MIRROR, /422/] })
  const { page } = opened
  const levels = (): Promise<LogLevels> => unoc.call<LogLevels>('GET', 'api/logs/levels')
  await page.getByRole('button', { name: 'Change a level…' }).click()
  const dialog = page.getByRole('dialog', { name: 'Change a level' })
  const module = dialog.getByRole('combobox', { name: 'Module' })
  await module.fill('hyper')
  await dialog.getByRole('button', { name: 'Change' }).click()
  await dialog.getByRole('alert').waitFor()
  expect(await axeViolations(page)).toEqual([])
  await module.fill('unoc::api')
  await dialog.getByRole('button', { name: 'Change' }).click()
  await dialog.waitFor({ state: 'detached' })
  expect((await levels()).changes).toMatchObject([{ target: 'unoc::api', level: 'DEBUG' }])
  await page.getByRole('button', { name: 'End the level of unoc::api now' }).click()
  await until('the level is back', async () => (await levels()).changes.length === 0)
  await rows(page).filter({ hasText: 'unoc::api is logged at INFO again' }).waitFor()
  await close(opened)
})
