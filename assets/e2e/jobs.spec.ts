import type { Browser, Locator, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Job } from '../src/api/types'
import { close, launch, open, until } from './support/browser'
import { axeViolations } from './support/pages'
import { Unoc } from './support/unoc'

const NO_MIRROR = /404.*api\/sync/
const NAME = 'prune'

let browser: Browser
let unoc: Unoc
beforeAll(async () => {
  ;[unoc, browser] = await Promise.all([Unoc.start(), launch()])
})
afterAll(async () => {
  await browser.close()
  await unoc.stop()
})

function card(page: Page, name: string): Locator {
  return page.locator(`section[data-job="${name}"]`)
}

async function job(name: string): Promise<Job> {
  return unoc.call<Job>('GET', `api/jobs/${name}`)
}

test('a job is run manually, and its run is listed with its log', async () => {
  const opened = await open(browser, `${unoc.url}/operations/jobs`, { expected: [NO_MIRROR] })
  const { page } = opened
  const prune = card(page, NAME)
  await prune.getByText('Every day at 05:00').waitFor()
  await prune.getByRole('button', { name: 'Run now' }).click()
  await until('the run has ended', async () => {
    const [run] = (await job(NAME)).runs
    return run?.trigger === 'manual' && run.result === 'ok'
  })
  await prune.getByRole('definition').getByText('manual').waitFor()
  await prune.getByText(/^The last (\d+\sruns|run)$/).click()
  const run = prune.getByRole('button', { expanded: false }).filter({ hasText: 'manual' }).first()
  await run.click()
  expect(await axeViolations(page)).toEqual([])
  await close(opened)
})

test('a job is disabled, and enabled again by undo', async () => {
  const opened = await open(browser, `${unoc.url}/operations/jobs`, { expected: [NO_MIRROR] })
  const { page } = opened
  const prune = card(page, NAME)
  const knob = prune.getByRole('switch')
  await knob.click()
  await prune.getByText('Disabled: old backups are kept until the disk is full.').waitFor()
  expect(await knob.getAttribute('aria-checked')).toBe('false')
  expect(await job(NAME)).toMatchObject({ is_enabled: false, next_run_at: null })
  expect(await axeViolations(page)).toEqual([])
  await page.getByRole('button', { name: 'Undo' }).click()
  await prune.getByText(/^Disabled/).waitFor({ state: 'detached' })
  // The page shows the change before the server has answered.
  await until('the server has it', async () => (await job(NAME)).is_enabled)
  await close(opened)
})

test('a job is rescheduled; an invalid schedule shows the error of the server at the field', async () => {
  const opened = await open(browser, `${unoc.url}/operations/jobs`, { expected: [NO_MIRROR, /422/] })
  const { page } = opened
  const prune = card(page, NAME)
  const dialog = page.getByRole('dialog')
  await prune.getByRole('button', { name: 'Reschedule…' }).click()
  const field = dialog.getByRole('textbox', { name: 'Schedule' })
  await field.fill('61 5 * * *')
  await dialog.getByRole('button', { name: 'Save' }).click()
  await dialog.getByRole('alert').waitFor()
  expect(await field.getAttribute('aria-invalid')).toBe('true')
  expect(await axeViolations(page)).toEqual([])
  await field.fill('5 4 * * 1')
  await dialog.getByText('Every Monday at 04:05').waitFor()
  await dialog.getByRole('button', { name: 'Save' }).click()
  await dialog.waitFor({ state: 'detached' })
  await prune.getByText('Every Monday at 04:05').waitFor()
  expect((await job(NAME)).schedule).toBe('5 4 * * 1')

  await prune.getByRole('button', { name: 'Reschedule…' }).click()
  await dialog.getByRole('button', { name: 'Reset to default' }).click()
  await prune.getByText('Every day at 05:00').waitFor()
  expect((await job(NAME)).schedule).toBe('0 5 * * *')
  await close(opened)
})
