import { readFileSync } from 'node:fs'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { act, close, connection, launch, open, openSearch, until } from './support/browser'
import { PAGES } from './support/pages'
import { Unoc } from './support/unoc'

const NO_MIRROR = /404.*api\/sync/

let browser: Browser
beforeAll(async () => {
  browser = await launch()
})
afterAll(() => browser.close())

/** Runs on an appliance of its own. */
async function withUnoc(journey: (unoc: Unoc) => Promise<void>): Promise<void> {
  const unoc = await Unoc.start()
  try {
    await journey(unoc)
  } finally {
    await unoc.stop()
  }
}

/** Waits for a row of the inventory with these words. */
async function row(page: Page, ...words: string[]): Promise<void> {
  let found = page.getByRole('row')
  for (const word of words) found = found.filter({ hasText: word })
  await found.first().waitFor()
}

async function pick(page: Page, label: string, name: string): Promise<void> {
  const field = page.getByRole('dialog').getByRole('combobox', { name: label })
  await field.fill(name)
  await page.getByRole('dialog').getByRole('option', { name }).first().click()
}

async function connectInPage(page: Page, from: string, to: string, km: string | null): Promise<void> {
  await act(page, 'Connect two devices')
  await pick(page, 'From', from)
  await pick(page, 'To', to)
  if (km !== null) await page.getByLabel('Length').fill(km)
  await page.getByRole('dialog').getByRole('button', { name: 'Connect', exact: true }).click()
  await page.getByRole('dialog').waitFor({ state: 'detached' })
}

async function provisionInPage(page: Page, type: string, name: string): Promise<void> {
  await page.getByRole('button', { name: 'Provision', exact: true }).click()
  await page.getByRole('radio', { name: type, exact: true }).check({ force: true })
  await page.getByRole('textbox', { name: 'Name' }).fill(name)
  await page.getByRole('dialog').getByRole('button', { name: 'Provision', exact: true }).click()
  await page.getByRole('dialog').waitFor({ state: 'detached' })
}

test('provision and connect until the ONT is UP', () =>
  withUnoc(async (unoc) => {
    const opened = await open(browser, `${unoc.url}/inventory`, { expected: [NO_MIRROR] })
    const { page } = opened
    // An OLT has no upstream device yet: shown before anything is sent.
    await page.getByRole('button', { name: 'Provision', exact: true }).click()
    await page.getByRole('radio', { name: 'OLT' }).check({ force: true })
    await page.getByText('An OLT needs an Edge router to connect to').waitFor()
    await page.keyboard.press('Escape')
    for (const [type, name] of [
      ['Backbone gateway', 'GW'],
      ['Core router', 'CORE'],
      ['Edge router', 'EDGE'],
      ['OLT', 'OLT'],
      ['ONT', 'ONT-1'],
    ] as const) {
      await provisionInPage(page, type, name)
    }
    await row(page, 'ONT-1', 'Not connected yet')
    await connectInPage(page, 'GW', 'CORE', null)
    await connectInPage(page, 'CORE', 'EDGE', null)
    await connectInPage(page, 'EDGE', 'OLT', null)
    await connectInPage(page, 'OLT', 'ONT-1', '4,2')
    await row(page, 'ONT-1', 'UP')
    await page.getByRole('row').filter({ hasText: 'ONT-1' }).click()
    await page.getByRole('tab', { name: 'Interfaces' }).click()
    await page.getByRole('tabpanel').getByRole('button', { name: 'OLT', exact: true }).waitFor()
    await close(opened)
  }))

test('an override set and cleared in one browser shows in another', () =>
  withUnoc(async (unoc) => {
    await unoc.provision('GW-7', 'BACKBONE_GATEWAY')
    const one = await open(browser, `${unoc.url}/inventory`, { expected: [NO_MIRROR] })
    const other = await open(browser, `${unoc.url}/inventory`, { expected: [NO_MIRROR] })
    await Promise.all([connection(one.page, 'Live'), connection(other.page, 'Live')])
    await one.page.getByRole('row').filter({ hasText: 'GW-7' }).click()
    await one.page.getByRole('button', { name: 'Override…' }).click()
    await one.page.getByRole('textbox', { name: 'Reason' }).fill('splice work, ticket 4711')
    await one.page.getByText('GW-7 goes DOWN').waitFor()
    await one.page.getByRole('button', { name: 'Set override' }).click()
    await row(other.page, 'GW-7', 'DOWN', 'splice work, ticket 4711')
    await other.page.getByRole('link', { name: /Problems/ }).getByText('1').waitFor()
    await one.page.getByRole('button', { name: 'Clear override' }).click()
    await one.page.getByRole('dialog').getByRole('button', { name: 'Clear override' }).click()
    await other.page.getByText('splice work').waitFor({ state: 'detached' })
    await row(other.page, 'GW-7', 'UP')
    await close(one)
    await close(other)
  }))

test('the page shows that the server was killed, and recovers without a reload', () =>
  withUnoc(async (unoc) => {
    const ids = [await unoc.provision('GW-1', 'BACKBONE_GATEWAY')]
    const opened = await open(browser, `${unoc.url}/inventory`, {
      expected: [/console: Failed to load resource/, /console: WebSocket connection/],
    })
    const { page } = opened
    await connection(page, 'Live')
    await row(page, 'GW-1', 'UP')
    await page.evaluate(() => Object.assign(window, { sameDocument: true }))
    await page.getByRole('row').filter({ hasText: 'GW-1' }).click()
    await page.getByRole('button', { name: 'Override…' }).click()
    await page.getByRole('dialog').getByText('GW-1 goes DOWN').waitFor()
    await unoc.kill()
    await connection(page, 'Reconnecting')
    await page.getByText('Connection lost').waitFor()
    // A change that cannot be sent shows an error.
    await page.getByRole('button', { name: 'Set override' }).click()
    await page.getByRole('dialog').getByRole('alert').getByText('The server does not respond.').waitFor()
    await page.keyboard.press('Escape')
    await row(page, 'GW-1', 'UP')
    await unoc.run()
    // Missed while the page was away.
    ids.push(await unoc.provision('CORE-1', 'CORE_ROUTER'))
    await connection(page, 'Live')
    await row(page, 'CORE-1', 'DOWN')
    await unoc.connect(ids[0] ?? 0, ids[1] ?? 0)
    await row(page, 'CORE-1', 'UP')
    await page.getByText('Connection lost').waitFor({ state: 'detached' })
    expect(await page.evaluate(() => 'sameDocument' in window)).toBe(true)
    expect(new URL(page.url()).searchParams.get('device')).toBe(String(ids[0]))
    await close(opened)
  }))

const HOSTILE = [
  '<img src=x onerror="window.pwned=1">',
  '"><script>window.pwned=1</script>',
  "javascript:window.pwned=1//'",
  '{{constructor.constructor("window.pwned=1")()}}',
  '\u202Egnp.exe ‮ reversed',
  '=HYPERLINK("http://evil.example")',
  '../../etc/passwd?%00',
]

test('hostile names and reasons stay text on every page', () =>
  withUnoc(async (unoc) => {
    const ids: number[] = []
    for (const name of HOSTILE) {
      const id = await unoc.provision(name, 'CORE_ROUTER')
      ids.push(id)
      await unoc.call('PATCH', `api/devices/${id}/override`, {
        status_override: 'DOWN',
        override_reason: name,
      })
    }
    const pop = await unoc.provision('<b onmouseover=alert(1)>POP</b>', 'POP')
    await unoc.call('PATCH', `api/devices/${ids[0]}`, { parent_container_id: pop })
    const opened = await open(browser, `${unoc.url}/inventory`, { expected: [NO_MIRROR] })
    const { page } = opened
    for (const name of HOSTILE) await page.getByRole('row').filter({ hasText: name.trim() }).first().waitFor()
    for (const { path, heading } of PAGES) {
      await page.goto(`${unoc.url}${path}?device=${ids[0]}`)
      await page.getByRole('heading', { level: 1, name: heading }).waitFor()
      await page.getByRole('complementary').getByText(HOSTILE[0] ?? '').first().waitFor()
    }
    for (const tab of ['Interfaces', 'Events']) await page.getByRole('tab', { name: tab }).click()
    await openSearch(page)
    await page.getByRole('dialog', { name: 'Search' }).getByRole('combobox').fill('<img')
    await page.getByRole('option').getByText(HOSTILE[0] ?? '').first().waitFor()
    await page.keyboard.press('Escape')
    await page.getByRole('button', { name: 'Delete', exact: true }).click()
    await page.getByRole('dialog').getByText(HOSTILE[0] ?? '').first().waitFor()
    expect(await page.evaluate(() => 'pwned' in window)).toBe(false)
    await close(opened)
  }))

test('many devices: import with a dry run, override with undo, export, delete by name', () =>
  withUnoc(async (unoc) => {
    const opened = await open(browser, `${unoc.url}/inventory`, { expected: [NO_MIRROR, /400|422/] })
    const { page } = opened
    await page.getByRole('button', { name: 'Import', exact: true }).click()
    // An empty site has templates, too.
    const templates = page.getByRole('group', { name: 'Templates' })
    for (const [kind, heading] of [['Devices', /^\uFEFFname;device_type;container;x;y;/], ['Links', /^\uFEFFa_device;a_interface;/]] as const) {
      await templates.getByRole('combobox').selectOption('Semicolon')
      const template = page.waitForEvent('download')
      await templates.getByRole('button', { name: kind }).click()
      const text = readFileSync(await (await template).path(), 'utf8')
      expect(text).toMatch(heading)
      expect(text).not.toMatch(/status|margin/)
    }
    const lines = ['name,device_type,x', 'GW,BACKBONE_GATEWAY,1', 'CORE,core router,2', 'X,TOASTER,3']
    lines.push('GW,POP,4', 'EDGE,EDGE_ROUTER,', 'LONELY,AON_CPE,')
    const input = page.locator('input[type=file]')
    const choose = (text: string): Promise<void> =>
      input.setInputFiles({ name: 'site.csv', mimeType: 'text/csv', buffer: Buffer.from(text) })
    await choose(lines.join('\n'))
    const dialog = page.getByRole('dialog')
    await dialog.getByText("'TOASTER' is not a device type").waitFor()
    await dialog.getByText('Line 2 describes the same device or link').waitFor()
    await dialog.getByText('Cannot provision AON_CPE').waitFor()
    const send = dialog.getByRole('button', { name: 'Import', exact: true })
    expect(await send.isDisabled()).toBe(true)
    // The corrected file has the same name; devices may come before their upstream devices.
    await choose([lines[0], lines[5], lines[1], lines[2]].join('\n'))
    await dialog.getByText(/^3\sdevices are added, with \d\snew ports\.$/).waitFor()
    expect(await unoc.call<unknown[]>('GET', 'api/devices')).toHaveLength(0)
    await send.click()
    await dialog.waitFor({ state: 'detached' })
    await row(page, 'EDGE', 'DOWN')

    await page.getByRole('checkbox', { name: 'Select all that are shown' }).check()
    await page.getByRole('button', { name: 'Override…' }).click()
    await dialog.getByRole('radio', { name: /^UP/ }).check()
    await dialog.getByLabel('Reason').fill('in service')
    await dialog.getByText(/2\sdevices come UP/).waitFor()
    await dialog.getByRole('button', { name: 'Set override' }).click()
    await row(page, 'EDGE', 'UP', 'in service')
    await page.getByRole('button', { name: 'Undo' }).last().click()
    await row(page, 'EDGE', 'DOWN')

    const waiting = page.waitForEvent('download')
    await page.getByRole('toolbar').getByRole('button', { name: 'Export' }).click()
    const file = await waiting
    expect(file.suggestedFilename()).toMatch(/^unoc-devices_\d{8}_\d{6}\.csv$/)
    expect(readFileSync(await file.path(), 'utf8')).toMatch(/CORE,CORE_ROUTER/)

    await page.getByRole('button', { name: 'Delete…' }).click()
    const remove = dialog.getByRole('button', { name: 'Delete', exact: true })
    await dialog.getByText('3 devices and their ports are deleted').waitFor()
    expect(await remove.isDisabled()).toBe(true)
    await dialog.getByRole('textbox').fill('delete 3')
    await remove.click()
    await page.getByRole('heading', { name: 'No devices yet' }).waitFor()
    await until('the server has none', async () =>
      (await unoc.call<unknown[]>('GET', 'api/devices')).length === 0,
    )
    await close(opened)
  }))

test('a full disk and a list that cannot be loaded are shown', () =>
  withUnoc(async (unoc) => {
    await unoc.provision('GW', 'BACKBONE_GATEWAY')
    const opened = await open(browser, 'about:blank', { expected: [NO_MIRROR, /Failed to load resource/] })
    const { page } = opened
    await page.route('**/api/devices', (route) => route.abort())
    await page.goto(`${unoc.url}/inventory`)
    await page.getByRole('heading', { name: 'The devices cannot be loaded' }).waitFor()
    await page.unroute('**/api/devices')
    await page.getByRole('button', { name: 'Try again now' }).click()
    await row(page, 'GW', 'UP')
    await page.route('**/overrides/bulk', (route) =>
      route.fulfill({ status: 507, json: { detail: 'The data volume is nearly full.' } }),
    )
    await page.getByRole('row').filter({ hasText: 'GW' }).click()
    await page.getByRole('button', { name: 'Override…' }).click()
    await page.getByRole('button', { name: 'Set override' }).click()
    await page.getByText('Read-only: the server refuses changes.').waitFor()
    await page.keyboard.press('Escape')
    await row(page, 'GW', 'UP')
    await close(opened)
  }))
