import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Incidents } from '../src/api/types'
import { close, launch, LAPTOP, open, TELEPHONE, until } from './support/browser'
import { axeViolations, brokenWords, cutOff, overflow } from './support/pages'
import { Unoc } from './support/unoc'

const EXPECTED = [/404.*api\/(sync|problems)/]

let browser: Browser
let unoc: Unoc
/** Accepts every notice. */
let receiver: Server
/** The link between the OLT and the splitter; two ONTs are behind it. */
let feeder: number
/** The link to the first ONT. */
let leaf: number
/** The link to the second ONT. */
let otherLeaf: number

beforeAll(async () => {
  receiver = createServer((asked, answer) => asked.on('end', () => answer.end()).resume())
  receiver.listen(0, '127.0.0.1')
  await once(receiver, 'listening')
  const { port } = receiver.address() as AddressInfo
  const contacts = [{ name: 'on-call', webhook: `http://127.0.0.1:${port}/s3cr3t` }, { name: 'manager', webhook: `http://127.0.0.1:${port}/` }]
  const env = { UNOC_CONTACTS: JSON.stringify(contacts), UNOC_ESCALATION: '0s: on-call; 15m: manager' }
  ;[unoc, browser] = await Promise.all([Unoc.start({ env }), launch()])
  const gateway = await unoc.provision('GW', 'BACKBONE_GATEWAY')
  const core = await unoc.provision('CORE', 'CORE_ROUTER')
  const edge = await unoc.provision('EDGE', 'EDGE_ROUTER')
  const olt = await unoc.provision('OLT', 'OLT')
  const splitter = await unoc.provision('SPL', 'SPLITTER')
  const fibre = { length_km: 2, physical_medium_id: 'G652D' }
  await unoc.connect(gateway, core, fibre)
  await unoc.connect(core, edge, fibre)
  await unoc.connect(edge, olt, fibre)
  feeder = await unoc.connect(olt, splitter, fibre)
  leaf = await unoc.connect(splitter, await unoc.provision('ONT-1', 'ONT'), fibre)
  otherLeaf = await unoc.connect(splitter, await unoc.provision('ONT-2', 'ONT'), fibre)
})

afterAll(async () => {
  await browser.close()
  await unoc.stop()
  receiver.close()
})

async function openCount(): Promise<number> {
  // A slow machine may have incidents of its own.
  const { incidents } = await unoc.call<Incidents>('GET', 'api/incidents?state=not_closed&source=network')
  return incidents.length
}

test('a cut is an incident: seen on the Overview, acknowledged, noted, closed by itself', async () => {
  await until('nothing is wrong', async () => (await openCount()) === 0)
  const opened = await open(browser, `${unoc.url}/operations`, { expected: EXPECTED })
  const { page } = opened
  const strip = page.getByRole('region', { name: /incident/i })
  await strip.getByText('No open incidents').waitFor()
  await unoc.call('PATCH', `api/links/${feeder}`, { status_override: 'DOWN', override_reason: 'excavator' })
  // Nobody reloads the page: it is told.
  await strip.getByText('1 open incident').waitFor()
  await strip.getByRole('link', { name: /OLT - SPL is set to DOWN/ }).click()
  await page.getByText('2 customers affected, 3 devices behind it; reason: excavator').first().waitFor()
  await page.getByRole('button', { name: 'Acknowledge' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('Your name').fill('Ada')
  await dialog.getByLabel('Note (optional)').fill('A team is on its way')
  expect(await axeViolations(page)).toEqual([])
  await dialog.getByRole('button', { name: 'Acknowledge' }).click()
  await page.getByText('Acknowledged by Ada').waitFor()

  // The page of its problem has it, too, and knows the name by now.
  await page.getByRole('link', { name: 'Problem', exact: true }).click()
  await page.getByText('works on it').waitFor()
  await page.getByText('A team is on its way').waitFor()
  await page.getByRole('button', { name: 'Add note' }).click()
  expect(await dialog.getByLabel('Your name').inputValue()).toBe('Ada')
  await dialog.getByLabel(/^Note/).fill('The splice is done')
  await dialog.getByRole('button', { name: 'Add note' }).click()
  await page.getByText('The splice is done').waitFor()
  await page.getByRole('link', { name: 'Timeline' }).click()
  await page.getByText('Note by Ada').waitFor()
  await unoc.call('DELETE', `api/links/${feeder}/override`)
  await page.getByText('Closed by itself').waitFor()
  expect(await axeViolations(page)).toEqual([])
  await close(opened)
})

test('a note that is being written survives the end of its incident', async () => {
  await unoc.call('PATCH', `api/links/${feeder}`, { status_override: 'DOWN' })
  await until('it is an incident', async () => (await openCount()) === 1)
  const opened = await open(browser, `${unoc.url}/operations/problems/link/${feeder}`, { expected: EXPECTED })
  const { page } = opened
  const card = page.getByRole('region', { name: 'Incident', exact: true })
  await card.getByRole('button', { name: 'Add note' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('Your name').fill('Ada')
  await dialog.getByLabel(/^Note/).fill('The excavator has left')
  await unoc.call('DELETE', `api/links/${feeder}/override`)
  await card.waitFor({ state: 'detached' })
  expect(await dialog.getByLabel(/^Note/).inputValue()).toBe('The excavator has left')
  await dialog.getByRole('button', { name: 'Add note' }).click()
  await page.getByText('Added the note.').waitFor()
  await page.goto(`${unoc.url}/operations/incidents?state=closed`)
  await page.getByRole('link', { name: /OLT - SPL is set to DOWN/ }).first().click()
  await page.getByText('The excavator has left').waitFor()
  await close(opened)
})

test('who is told is shown, and a test shows whether they are reached', async () => {
  const opened = await open(browser, `${unoc.url}/operations/incidents`, { expected: EXPECTED })
  const { page } = opened
  const card = page.getByRole('region', { name: 'Contacts' })
  await card.getByText('after 15\u00a0min · webhook, generic · all severities').waitFor()
  await card.getByRole('button', { name: 'Send a test to on-call' }).click()
  await card.getByText('on-call: accepted (HTTP 200 OK)').waitFor()
  await unoc.call('PATCH', `api/links/${otherLeaf}`, { status_override: 'DOWN' })
  await page.getByRole('link', { name: /SPL - ONT-2 is set to DOWN/ }).click()
  const notices = page.getByRole('region', { name: 'Notices' })
  await notices.getByText('Opened: told, HTTP 200 OK').first().waitFor()
  await notices.getByText(/^manager at .* unless acknowledged$/).waitFor()
  expect(await page.content()).not.toContain('s3cr3t')
  expect(await axeViolations(page)).toEqual([])
  await unoc.call('DELETE', `api/links/${otherLeaf}/override`)
  await notices.getByText('Closed: told, HTTP 200 OK').waitFor()
  await close(opened)
})

test('maintenance is planned and ended on the page', async () => {
  const opened = await open(browser, `${unoc.url}/operations/incidents`, { expected: EXPECTED })
  const { page } = opened
  await page.getByRole('button', { name: 'Plan maintenance' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('The whole site').check()
  await dialog.getByLabel('Reason').fill('New power supply')
  await dialog.getByLabel('Your name').fill('Bo')
  expect(await axeViolations(page)).toEqual([])
  await dialog.getByRole('button', { name: 'Plan', exact: true }).click()
  await page.getByText('New power supply').waitFor()
  await unoc.call('PATCH', `api/links/${leaf}`, { status_override: 'DOWN' })
  await page.getByText('muted by maintenance').waitFor()
  await page.getByRole('button', { name: 'End the maintenance of The whole site' }).click()
  await page.getByText('None is planned.').waitFor()
  await page.getByText('muted by maintenance').waitFor({ state: 'detached' })
  await close(opened)
})

test.each([
  { name: 'laptop', size: LAPTOP, theme: 'light' as const },
  { name: 'laptop-dark', size: LAPTOP, theme: 'dark' as const },
  { name: 'telephone', size: TELEPHONE, theme: 'light' as const },
  { name: 'telephone-dark', size: TELEPHONE, theme: 'dark' as const },
])('$name: no fault, no sideways scroll, a picture', async ({ name, size, theme }) => {
  await unoc.call('PATCH', `api/links/${leaf}`, { status_override: 'DOWN' })
  await until('it is an incident', async () => (await openCount()) === 1)
  const found = await unoc.call<Incidents>('GET', 'api/incidents')
  const places = ['/operations', '/operations/incidents', `/operations/incidents/${found.incidents[0]?.id}`]
  for (const [at, place] of places.entries()) {
    const opened = await open(browser, unoc.url + place, { expected: EXPECTED, size, theme })
    const { page } = opened
    await page.getByText('SPL - ONT-1 is set to DOWN').first().waitFor()
    expect(await overflow(page)).toBe(0)
    expect(await brokenWords(page)).toEqual([])
    expect(await cutOff(page)).toEqual([])
    expect(await axeViolations(page)).toEqual([])
    const pictures = process.env['UNOC_PICTURES']
    if (pictures !== undefined) await page.screenshot({ path: `${pictures}/incidents-${at}-${name}.png`, fullPage: true })
    await close(opened)
  }
})
