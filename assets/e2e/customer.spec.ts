import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { clicks, close, countClicks, LAPTOP, launch, open, type Opened, openSearch, TELEPHONE } from './support/browser'
import { Unoc } from './support/unoc'

/** Without PostgreSQL there is no such resource. */
const NO_MIRROR = [/404.*api\/sync/]
const SUBSCRIBERS = 10_000

let browser: Browser
let unoc: Unoc

beforeAll(async () => {
  browser = await launch()
  unoc = await Unoc.start()
  const devices = Array.from({ length: SUBSCRIBERS }, (_, at) => ({
    name: `ONT-${at}`,
    device_type: 'ONT',
    validate_upstream: false,
    customer_name: `Customer ${at}`,
    phone: `+49 89 ${100_000 + at}`,
    address: `${at === 7_350 ? 'Münchner Straße 12b' : `Feldweg ${at}`}\n80331 München`,
  }))
  await unoc.call('POST', 'api/devices/bulk', { devices })
})

afterAll(async () => {
  await browser.close()
  await unoc.stop()
})

async function visit(size: { width: number; height: number }): Promise<Opened> {
  const opened = await open(browser, 'about:blank', { size, expected: NO_MIRROR })
  await countClicks(opened.page)
  await opened.page.goto(`${unoc.url}/inventory`)
  await opened.page.getByText(/^10,000\sdevices$/).waitFor()
  return opened
}

test('one of 10,000 customers is found by a part of the street and called, with one click', async () => {
  const opened = await visit(LAPTOP)
  const { page } = opened
  await openSearch(page)
  await page.getByRole('dialog', { name: 'Search' }).getByRole('combobox').fill('munchner str')
  await page.getByRole('option').filter({ hasText: 'ONT-7350' }).filter({ hasText: 'Münchner Straße 12b' }).waitFor()
  await page.keyboard.press('Enter')
  const call = page.getByRole('complementary').getByRole('link', { name: '+49 89 107350' })
  expect(await call.getAttribute('href')).toBe('tel:+4989107350')
  await page.getByRole('complementary').getByText('Customer 7350').waitFor()
  // The next click is the call.
  expect(await clicks(page)).toBe(0)
  await close(opened)
})

test('the same on a telephone takes two taps before the call', async () => {
  const opened = await visit(TELEPHONE)
  const { page } = opened
  await page.getByRole('button', { name: /Search/ }).first().click()
  await page.getByRole('dialog', { name: 'Search' }).getByRole('combobox').fill('münchner straße 12')
  await page.getByRole('option').filter({ hasText: 'ONT-7350' }).click()
  const call = page.getByRole('complementary').getByRole('link', { name: '+49 89 107350' })
  expect(await call.getAttribute('href')).toBe('tel:+4989107350')
  expect(await clicks(page)).toBe(2)
  await close(opened)
})

test('the filter of the inventory finds a customer by the digits of the phone number', async () => {
  const opened = await visit(LAPTOP)
  const { page } = opened
  await page.getByRole('searchbox').fill('4989107350')
  await page.getByText('1 of 10,000 devices').waitFor()
  await page.getByRole('row').filter({ hasText: 'ONT-7350' }).waitFor()
  await close(opened)
})
