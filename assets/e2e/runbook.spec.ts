import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { close, launch, open } from './support/browser'
import { Unoc } from './support/unoc'

let browser: Browser
let unoc: Unoc
beforeAll(async () => {
  ;[unoc, browser] = await Promise.all([Unoc.start(), launch()])
})
afterAll(async () => {
  await browser.close()
  await unoc.stop()
})

test('a duty is recorded with a name and a note, and shown to the next shift', async () => {
  const opened = await open(browser, `${unoc.url}/operations`, { expected: [/404.*api\/sync/] })
  const { page } = opened
  const row = page.getByRole('row').filter({ has: page.getByRole('rowheader', { name: /^Review of contacts/ }) })
  await row.getByText('never').waitFor()
  await row.getByRole('button', { name: 'Record…' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('Your name').fill('Ada')
  await dialog.getByLabel('Note (optional)').fill('Called all three numbers')
  await dialog.getByRole('button', { name: 'Record as done' }).click()
  await row.getByText('Ada: Called all three numbers').waitFor()
  expect(await row.getByText('never').count()).toBe(0)
  await page.reload()
  await row.getByRole('button', { name: 'Record…' }).click()
  // The browser knows the name, and the dialog shows who did it before.
  expect(await dialog.getByLabel('Your name').inputValue()).toBe('Ada')
  await dialog.getByText('Called all three numbers').waitFor()
  await close(opened)
})
