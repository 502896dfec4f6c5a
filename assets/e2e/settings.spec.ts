import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Limits, Setting, Settings } from '../src/api/types'
import { close, launch, LAPTOP, open, TABLET, TELEPHONE, until } from './support/browser'
import { axeViolations, cutOff, overflow } from './support/pages'
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

async function setting(key: string): Promise<Setting | undefined> {
  const { settings } = await unoc.call<Settings>('GET', 'api/settings')
  return settings.find((each) => each.key === key)
}

test('a feature is switched off for an hour, said on the Overview, and switched on again', async () => {
  const opened = await open(browser, `${unoc.url}/settings`, { expected: [NO_MIRROR] })
  const { page } = opened
  const dialog = page.getByRole('dialog')
  const row = page.locator('[data-setting="exports"]')
  const knob = row.getByRole('switch', { name: 'Exports' })
  await knob.click()
  await dialog.getByRole('heading', { name: 'Switch off: Exports' }).waitFor()
  expect(await axeViolations(page)).toEqual([])
  await dialog.getByRole('button', { name: 'Switch off' }).click()
  await row.getByText('off instead of on, set by').waitFor()
  expect(await knob.getAttribute('aria-checked')).toBe('false')
  expect((await setting('exports'))?.ends_at).not.toBeNull()

  await page.getByRole('navigation').getByRole('link', { name: 'Overview' }).click()
  const banner = page.getByRole('region', { name: 'Settings that are not as usual' })
  await banner.getByText('Exports: off').waitFor()
  expect(await axeViolations(page)).toEqual([])
  await banner.getByRole('link', { name: 'Settings' }).click()
  await knob.click()
  await row.getByText('instead of').waitFor({ state: 'detached' })
  expect(await setting('exports')).toMatchObject({ value: true, ends_at: null })
  await page.getByRole('navigation').getByRole('link', { name: 'Overview' }).click()
  await page.getByRole('heading', { name: 'Overview' }).waitFor()
  await banner.waitFor({ state: 'detached' })
  await close(opened)
})

test('a number is changed with its bounds, and its notice undoes it', async () => {
  const opened = await open(browser, `${unoc.url}/settings`, { expected: [NO_MIRROR] })
  const { page } = opened
  const dialog = page.getByRole('dialog')
  await page.getByRole('button', { name: 'Change: Interval of events…' }).click()
  const field = dialog.getByRole('textbox', { name: 'Value' })
  await field.fill('10001')
  await dialog.getByRole('button', { name: 'Change' }).click()
  await dialog.getByRole('alert').getByText('from 0 to 10,000 ms').waitFor()
  expect(await field.getAttribute('aria-invalid')).toBe('true')
  await field.fill('500')
  await dialog.getByRole('combobox', { name: 'For' }).selectOption({ label: 'Until it is reset' })
  await dialog.getByRole('button', { name: 'Change' }).click()
  await dialog.waitFor({ state: 'detached' })
  const row = page.locator('[data-setting="event_interval_ms"]')
  await row.getByText(/until it is reset/).waitFor()
  expect(await setting('event_interval_ms')).toMatchObject({ value: 500, ends_at: null })
  await page.getByRole('button', { name: 'Undo' }).click()
  await row.getByText(/until it is reset/).waitFor({ state: 'detached' })
  await until('the server has it', async () => (await setting('event_interval_ms'))?.value === 0)
  await close(opened)
})

test('each limit has its use, at each width and in both themes', async () => {
  const { limits } = await unoc.call<Limits>('GET', 'api/limits')
  for (const size of [LAPTOP, TABLET, TELEPHONE]) {
    for (const theme of ['light', 'dark'] as const) {
      const opened = await open(browser, `${unoc.url}/settings`, { theme, size, expected: [NO_MIRROR] })
      const { page } = opened
      await page.locator('[data-limit="connections"]').getByText(/of 4,096\sconnections/).waitFor()
      expect(await page.locator('[data-limit]').count()).toBe(limits.length)
      expect(await axeViolations(page)).toEqual([])
      expect(await overflow(page)).toBe(0)
      expect(await cutOff(page)).toEqual([])
      await close(opened)
    }
  }
})
