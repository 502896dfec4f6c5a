import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { close, launch, open } from './support/browser'
import { axeViolations, overflow } from './support/pages'
import { Unoc } from './support/unoc'

const NO_MIRROR = /404.*api\/sync/

let browser: Browser
let unoc: Unoc
beforeAll(async () => {
  ;[unoc, browser] = await Promise.all([Unoc.start(), launch()])
})
afterAll(async () => {
  await browser.close()
  await unoc.stop()
})

test('checks run on request, and each shows its limits and its values over time', async () => {
  const opened = await open(browser, `${unoc.url}/operations/health`, { expected: [NO_MIRROR] })
  const { page } = opened
  const checks = page.getByRole('region', { name: 'Checks' })
  const free = checks.getByRole('button', { name: /Free space on the data volume/ })
  await page.getByRole('button', { name: 'Check now' }).click()
  await page.getByRole('button', { name: 'Check now' }).waitFor()
  await free.getByText(/GiB|MiB/).first().waitFor()
  await free.getByText('at or below 256\u00a0MiB').waitFor()
  await free.click()
  await checks.getByText('disk.free').waitFor()
  await checks.getByRole('group', { name: 'Range' }).getByRole('button', { name: '7 d' }).click()
  await checks.getByText(/There are no values yet|In the last 7 days/).first().waitFor()
  expect(await axeViolations(page)).toEqual([])
  await page.setViewportSize({ width: 390, height: 844 })
  expect(await overflow(page)).toBe(0)
  await close(opened)
})
