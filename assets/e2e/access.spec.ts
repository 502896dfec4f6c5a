import { readFileSync } from 'node:fs'
import type { Browser } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { close, connection, LAPTOP, launch, open, type Opened, openSearch, TELEPHONE, until } from './support/browser'
import { logIn } from './support/login'
import { axeViolations, overflow } from './support/pages'
import { totpCode } from './support/totp'
import { PASSWORD, Unoc } from './support/unoc'

/** Without PostgreSQL there is no such resource; the rest is what these tests bring about. */
const EXPECTED = [/404.*api\/sync/, /40[0139]|429/, /WebSocket.*closed before/]

let browser: Browser
let unoc: Unoc
let olt: number

beforeAll(async () => {
  browser = await launch()
})
afterAll(() => browser.close())

beforeEach(async () => {
  unoc = await Unoc.start()
  olt = await unoc.provision('OLT-1', 'OLT')
})
afterEach(() => unoc.stop())

/** Users with each role; from then on everybody has to log in. */
function addUsers(): void {
  unoc.addUser('ada', 'admin')
  unoc.addUser('olga', 'operator')
  unoc.addUser('vic', 'viewer')
  unoc.useToken('ada')
}

async function visit(path: string, size = LAPTOP): Promise<Opened> {
  return open(browser, unoc.url + path, { size, expected: EXPECTED })
}

/** A page that somebody has logged in to. */
async function enter(name: string, path: string): Promise<Opened> {
  const opened = await visit(path)
  await logIn(opened.page, name)
  await connection(opened.page, 'Live')
  return opened
}

function device(id: number): Promise<{ name: string; note?: string }> {
  return unoc.call('GET', `api/devices/${id}`)
}

/** Ends all sessions of a user, as an admin does. */
function endSessions(user: string): void {
  unoc.command('sessions', 'end', '--user', user)
}

test('the set-up link makes the first user, and closes the appliance for everybody else', async () => {
  const link = unoc.setUpLink
  expect(link).toMatch(/#/)
  const opened = await open(browser, link, { expected: EXPECTED })
  const { page } = opened
  const code = page.getByRole('textbox', { name: 'Set-up code' })
  expect(await code.inputValue()).toBe(link.split('#')[1])
  // The code is a secret: neither in the address bar nor in what a copied link would hold.
  await until('the address is clean', async () => !page.url().includes('#'))
  await page.getByRole('textbox', { name: 'Name' }).fill('ada')
  await page.getByRole('textbox', { name: 'Password', exact: true }).fill('short')
  await page.getByRole('button', { name: 'Add the user' }).click()
  await page.getByText('At least 12 characters.').waitFor()
  expect(await axeViolations(page)).toEqual([])
  await page.getByRole('textbox', { name: 'Password', exact: true }).fill(PASSWORD)
  await page.getByRole('button', { name: 'Add the user' }).click()
  await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor()
  await connection(page, 'Live')
  await page.getByRole('button', { name: /User ada/ }).waitFor()

  const other = await visit('/inventory')
  await other.page.getByRole('heading', { level: 1, name: 'Log in' }).waitFor()
  expect((await fetch(`${unoc.url}/api/devices`)).status).toBe(401)
  await close(other)
  const again = await open(browser, link, { expected: EXPECTED })
  await again.page.getByRole('heading', { level: 1, name: 'Set-up is complete' }).waitFor()
  await close(again)
  await close(opened)
})

test('a page that is open while the first user is made asks for a login, and goes on', async () => {
  const opened = await visit('/inventory')
  const { page } = opened
  await connection(page, 'Live')
  unoc.addUser('ada', 'admin')
  const dialog = page.getByRole('dialog', { name: 'Log in' })
  await dialog.waitFor()
  await logIn(page, 'ada')
  await dialog.waitFor({ state: 'detached' })
  await connection(page, 'Live')
  await close(opened)
})

test('a wrong password is told, the right one opens the page that was asked for', async () => {
  addUsers()
  const opened = await visit('/inventory?q=OLT')
  const { page } = opened
  await logIn(page, 'vic', 'wrong horse battery staple')
  await page.getByText('Name or password is wrong').waitFor()
  expect(await axeViolations(page)).toEqual([])
  // Nobody learns whether there is such a user.
  await logIn(page, 'nobody', 'wrong horse battery staple')
  await page.getByText('Name or password is wrong').waitFor()
  await logIn(page, 'VIC')
  await page.getByRole('row', { name: /OLT-1/ }).waitFor()
  expect(new URL(page.url()).search).toBe('?q=OLT')
  expect(await page.evaluate(() => JSON.stringify([localStorage, sessionStorage]))).not.toContain('horse')
  const cookies = await opened.context.cookies()
  const attributes = { httpOnly: true, sameSite: 'Lax' }
  expect(cookies.find(({ name }) => name === 'unoc_session')).toMatchObject(attributes)
  expect(await page.evaluate(() => document.cookie)).toBe('')
  await page.reload()
  await page.getByRole('row', { name: /OLT-1/ }).waitFor()
  await close(opened)
})

test('a login by the keyboard alone, on a laptop and on a telephone', async () => {
  addUsers()
  for (const size of [LAPTOP, TELEPHONE]) {
    const opened = await visit('/operations/jobs', size)
    const { page } = opened
    await page.getByRole('heading', { level: 1, name: 'Log in' }).waitFor()
    await page.keyboard.type('olga')
    await page.keyboard.press('Tab')
    await page.keyboard.type(PASSWORD)
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { level: 1, name: 'Jobs' }).waitFor()
    expect(await overflow(page)).toBeLessThanOrEqual(0)
    await close(opened)
  }
})

test('too many attempts make one wait, and the button says how long', async () => {
  addUsers()
  const opened = await visit('/')
  const { page } = opened
  const waits = page.getByRole('button', { name: /Try again in \d+\ss/ })
  for (let attempt = 0; attempt < 12 && (await waits.count()) === 0; attempt += 1) {
    const answer = page.waitForResponse((response) => response.request().method() === 'POST')
    await logIn(page, 'vic', `wrong horse number ${attempt}`)
    await answer
    await page.getByRole('button', { name: /^(Log in|Try again in .*)$/ }).waitFor()
  }
  await waits.waitFor()
  expect(await waits.isDisabled()).toBe(true)
  await close(opened)
})

test('a second factor is turned on, asked for, replaced by a recovery code, and turned off', async () => {
  addUsers()
  const opened = await enter('vic', '/account')
  const { page } = opened
  await page.getByRole('button', { name: 'Turn on…' }).click()
  await page.getByRole('textbox', { name: 'Password', exact: true }).fill(PASSWORD)
  await page.getByRole('button', { name: 'Turn on', exact: true }).click()
  await page.getByRole('img', { name: /QR code/ }).waitFor()
  const secret = (await page.locator('code').first().textContent()) ?? ''
  await page.getByRole('textbox', { name: 'Code' }).fill('000000')
  await page.getByRole('button', { name: 'Turn on', exact: true }).click()
  await page.locator('.error-box').waitFor()
  await page.getByRole('textbox', { name: 'Code' }).fill(totpCode(secret, -1))
  await page.getByRole('button', { name: 'Turn on', exact: true }).click()
  await page.getByRole('list', { name: 'Recovery codes' }).waitFor()
  const codes = await page.getByRole('list', { name: 'Recovery codes' }).getByRole('listitem').allTextContents()
  expect(codes).toHaveLength(10)
  expect(await axeViolations(page)).toEqual([])
  await page.getByRole('button', { name: 'I have saved them' }).click()
  await page.getByText('Logging in requires a code from your app').waitFor()

  for (const code of [totpCode(secret), codes[0] ?? '']) {
    await page.getByRole('button', { name: /User vic/ }).click()
    await page.getByRole('button', { name: 'Log out' }).click()
    await page.getByRole('heading', { level: 1, name: 'Log in' }).waitFor()
    await logIn(page, 'vic')
    await page.getByRole('textbox', { name: 'Code' }).fill(code)
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor()
  }
  await page.goto(`${unoc.url}/account`)
  await page.getByRole('button', { name: 'Turn off…' }).click()
  await page.getByRole('textbox', { name: 'Password', exact: true }).fill(PASSWORD)
  await page.getByRole('button', { name: 'Turn off', exact: true }).click()
  await page.getByText('Logging in requires only your password.').waitFor()
  await close(opened)
})

test('a session that ends while a form is half filled: the login comes over it, and the form is saved', async () => {
  addUsers()
  const opened = await enter('olga', `/inventory?device=${olt}`)
  const { page } = opened
  await page.getByRole('complementary').getByRole('button', { name: 'Edit' }).click()
  const form = page.getByRole('dialog', { name: 'Edit OLT-1' })
  await form.getByRole('textbox', { name: 'Name' }).fill('OLT-EAST-1')
  endSessions('olga')
  const login = page.getByRole('dialog', { name: 'Log in again' })
  await login.waitFor()
  expect(await axeViolations(page)).toEqual([])
  // Neither Escape nor a click beside it lets anybody past.
  await page.keyboard.press('Escape')
  await page.keyboard.press('Escape')
  await login.waitFor()
  await logIn(page, null, 'wrong horse battery staple')
  await login.getByText('Name or password is wrong').waitFor()
  await logIn(page, null)
  await login.waitFor({ state: 'detached' })
  expect(await form.getByRole('textbox', { name: 'Name' }).inputValue()).toBe('OLT-EAST-1')
  await form.getByRole('button', { name: 'Save' }).click()
  await form.waitFor({ state: 'detached' })
  expect((await device(olt)).name).toBe('OLT-EAST-1')
  await connection(page, 'Live')
  await close(opened)
})

test('a change that was refused because the session had ended is sent after the login', async () => {
  addUsers()
  const opened = await enter('olga', `/inventory?device=${olt}`)
  const { page, context } = opened
  await page.getByRole('complementary').getByRole('button', { name: 'Edit' }).click()
  const form = page.getByRole('dialog', { name: 'Edit OLT-1' })
  await form.getByRole('textbox', { name: 'Name' }).fill('OLT-WEST-1')
  // The browser loses the cookie, which the open connection does not notice.
  await context.clearCookies()
  await form.getByRole('button', { name: 'Save' }).click()
  await page.getByRole('dialog', { name: 'Log in again' }).waitFor()
  await logIn(page, null)
  await form.waitFor({ state: 'detached' })
  expect((await device(olt)).name).toBe('OLT-WEST-1')
  await close(opened)
})

test('somebody else who logs in over a page gets a new one', async () => {
  addUsers()
  const opened = await enter('olga', `/inventory?device=${olt}`)
  const { page } = opened
  await page.getByRole('complementary').getByRole('button', { name: 'Edit' }).click()
  await page.getByRole('dialog', { name: 'Edit OLT-1' }).getByRole('textbox', { name: 'Name' }).fill('OLT-OF-OLGA')
  endSessions('olga')
  await page.getByRole('button', { name: /Leave this page/ }).click()
  await page.getByRole('heading', { level: 1, name: 'Log in' }).waitFor()
  await logIn(page, 'vic')
  await page.getByRole('button', { name: /User vic/ }).waitFor()
  expect(await page.getByRole('dialog').count()).toBe(0)
  expect((await device(olt)).name).toBe('OLT-1')
  await close(opened)
})

test('a viewer is not offered what an operator is, and is told why at an address', async () => {
  addUsers()
  const operator = await enter('olga', `/inventory?device=${olt}`)
  const viewer = await enter('vic', `/inventory?device=${olt}`)
  const changes = ['Provision', 'Import', 'Edit', 'Delete', 'Override…']
  for (const name of changes) {
    await operator.page.getByRole('button', { name, exact: true }).first().waitFor()
    expect(await viewer.page.getByRole('button', { name, exact: true }).count(), name).toBe(0)
  }
  expect(await viewer.page.getByRole('tab', { name: 'Events' }).count()).toBe(0)
  for (const [path, title, role] of [
    ['/users', 'Users', 'admin'],
    ['/operations/audit', 'Audit', 'operator or admin'],
    ['/operations/logs', 'Logs', 'operator or admin'],
  ] as const) {
    expect(await viewer.page.getByRole('navigation').getByRole('link', { name: title }).count()).toBe(0)
    await viewer.page.goto(unoc.url + path)
    await viewer.page.getByText(`This needs the role ${role}. You are logged in as vic with the role viewer.`).waitFor()
    expect(await axeViolations(viewer.page)).toEqual([])
  }
  // The search offers neither; a key that changes something says why not.
  await openSearch(viewer.page)
  await viewer.page.getByRole('dialog', { name: 'Search' }).getByRole('combobox').fill('provision a device')
  await viewer.page.getByText(/No match for/).waitFor()
  await close(operator)
  await close(viewer)
})

test('each page opens for each role, with no request that is refused', async () => {
  addUsers()
  const allowed = { vic: 11, olga: 13, ada: 14 }
  for (const [name, least] of Object.entries(allowed)) {
    const opened = await enter(name, '/operations')
    const { page } = opened
    const refused: string[] = []
    page.on('response', (response) => {
      if (response.status() === 403) refused.push(`${response.request().method()} ${response.url()}`)
    })
    const links = page.getByRole('navigation').getByRole('link')
    const count = await links.count()
    expect(count, name).toBeGreaterThanOrEqual(least)
    for (let at = 0; at < count; at += 1) {
      await links.nth(at).click()
      await page.getByRole('heading', { level: 1 }).waitFor()
      await page.locator('main [role="status"]:has-text("Loading")').first().waitFor({ state: 'detached' })
    }
    await page.goto(`${unoc.url}/inventory?device=${olt}`)
    await page.getByRole('complementary').waitFor()
    expect(refused, name).toEqual([])
    await close(opened)
  }
})

test('a token is shown once, works, and is refused once it is revoked', async () => {
  addUsers()
  const opened = await enter('olga', '/account/tokens')
  const { page } = opened
  await page.getByRole('button', { name: 'New token' }).click()
  const dialog = page.getByRole('dialog', { name: 'New API token' })
  await dialog.getByRole('textbox', { name: 'Name' }).fill('crm')
  await dialog.getByRole('radio', { name: /^read/ }).check()
  await dialog.getByRole('button', { name: 'Create token' }).click()
  const box = page.getByRole('region', { name: 'New token' })
  const token = (await box.locator('code').textContent()) ?? ''
  expect(token).toMatch(/^unoc_[\w-]{43}$/)
  const ask = async (method: string): Promise<number> => {
    const init = { method, headers: { authorization: `Bearer ${token}` } }
    return (await fetch(`${unoc.url}/api/devices/${olt}`, init)).status
  }
  expect(await ask('GET')).toBe(200)
  expect(await ask('DELETE')).toBe(403)
  await box.getByRole('button', { name: 'I have copied it' }).click()
  await page.reload()
  await page.getByRole('listitem').filter({ hasText: 'crm' }).waitFor()
  expect(await page.content()).not.toContain(token)
  expect(page.url()).not.toContain(token)
  await page.getByRole('button', { name: 'Revoke crm' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Revoke' }).click()
  await page.getByText('No API tokens').waitFor()
  expect(await ask('GET')).toBe(401)
  await close(opened)
})

test('an admin adds a user, changes the role, disables and removes them; the last admin stays', async () => {
  addUsers()
  const opened = await enter('ada', '/users')
  const { page } = opened
  const dialog = page.getByRole('dialog')
  await page.getByRole('button', { name: 'Add a user' }).click()
  await dialog.getByRole('textbox', { name: 'Name' }).fill('bob')
  await dialog.getByRole('button', { name: 'Generate a password' }).click()
  const password = (await dialog.locator('code').textContent()) ?? ''
  await dialog.getByRole('button', { name: 'Add', exact: true }).click()
  await dialog.waitFor({ state: 'detached' })
  const his = await visit('/inventory')
  await logIn(his.page, 'bob', password)
  await his.page.getByRole('button', { name: /User bob/ }).waitFor()

  await page.getByRole('button', { name: 'Change bob…' }).click()
  await dialog.getByRole('radio', { name: /^operator/ }).check()
  await dialog.getByRole('button', { name: 'Save' }).click()
  await dialog.waitFor({ state: 'detached' })
  // His session has ended; after the login he is an operator.
  await his.page.getByRole('dialog', { name: 'Log in again' }).waitFor()
  await logIn(his.page, null, password)
  await his.page.getByRole('button', { name: 'Provision', exact: true }).waitFor()

  await page.getByRole('button', { name: 'Change bob…' }).click()
  await dialog.getByRole('checkbox', { name: /Disabled/ }).check()
  await dialog.getByRole('button', { name: 'Save' }).click()
  await page.getByRole('listitem').filter({ hasText: 'bob' }).getByText('Disabled').waitFor()
  await his.page.getByRole('dialog', { name: 'Log in again' }).waitFor()
  await page.getByRole('button', { name: 'Remove bob…' }).click()
  await dialog.getByRole('button', { name: 'Remove' }).click()
  await page.getByRole('listitem').filter({ hasText: 'bob' }).waitFor({ state: 'detached' })

  await page.getByRole('button', { name: 'Change ada…' }).click()
  await dialog.getByRole('radio', { name: /^viewer/ }).check()
  await dialog.getByRole('button', { name: 'Save' }).click()
  await dialog.getByRole('alert').waitFor()
  await dialog.getByRole('button', { name: 'Cancel' }).click()
  await page.getByRole('listitem').filter({ hasText: 'ada' }).getByText('admin').waitFor()
  await close(his)
  await close(opened)
})

test('a user sees where they are logged in, and ends the other sessions', async () => {
  addUsers()
  const first = await enter('olga', '/account/sessions')
  const second = await enter('olga', '/inventory')
  const { page } = first
  const rows = page.getByRole('list', { name: 'Sessions' }).getByRole('listitem')
  await page.reload()
  await until('both are listed', async () => (await rows.count()) === 2)
  await rows.filter({ hasText: 'this browser' }).getByText(/127\.0\.0\.1/).waitFor()
  await page.getByRole('button', { name: 'End all others' }).click()
  await until('one is left', async () => (await rows.count()) === 1)
  await second.page.getByRole('dialog', { name: 'Log in again' }).waitFor()
  await connection(page, 'Live')
  await close(second)
  await close(first)
})

test('a new password ends the other sessions, and is the one that counts', async () => {
  addUsers()
  const first = await enter('olga', '/account')
  const second = await enter('olga', '/inventory')
  const { page } = first
  await page.getByRole('textbox', { name: 'Current password' }).fill(PASSWORD)
  await page.getByRole('textbox', { name: 'New password' }).fill('another horse battery staple')
  await page.getByRole('button', { name: 'Change password' }).click()
  await page.getByText('Changed your password.').waitFor()
  await second.page.getByRole('dialog', { name: 'Log in again' }).waitFor()
  await logIn(second.page, null)
  await second.page.getByText('Name or password is wrong').waitFor()
  await logIn(second.page, null, 'another horse battery staple')
  await second.page.getByRole('dialog').waitFor({ state: 'detached' })
  await page.getByRole('heading', { level: 1, name: 'Account' }).waitFor()
  await close(second)
  await close(first)
})

test('logging out in one tab logs the others out, and leaves nothing on the screen', async () => {
  addUsers()
  const opened = await enter('vic', '/inventory')
  const { page, context } = opened
  const other = await context.newPage()
  await other.goto(`${unoc.url}/links`)
  await connection(other, 'Live')
  await page.getByRole('button', { name: /User vic/ }).click()
  await page.getByRole('button', { name: 'Log out' }).click()
  for (const each of [page, other]) {
    await each.getByRole('heading', { level: 1, name: 'Log in' }).waitFor()
    expect(await each.getByText('OLT-1').count()).toBe(0)
  }
  // A login in one opens the other too.
  await logIn(page, 'vic')
  await other.getByRole('heading', { level: 1, name: 'Links' }).waitFor()
  await close(opened)
})

test('two people see each other at a device, and who edits it', async () => {
  addUsers()
  const olga = await enter('olga', `/inventory?device=${olt}`)
  const ada = await enter('ada', `/inventory?device=${olt}`)
  await olga.page.getByRole('complementary').getByText('ada is viewing this device.').waitFor()
  await ada.page.getByRole('complementary').getByText('olga is viewing this device.').waitFor()
  await ada.page.getByRole('complementary').getByRole('button', { name: 'Edit' }).click()
  await olga.page.getByRole('complementary').getByText('ada is editing this device.').waitFor()
  expect(await axeViolations(olga.page)).toEqual([])
  await olga.page.getByRole('complementary').getByRole('button', { name: 'Edit' }).click()
  await olga.page.getByRole('dialog').getByText('ada is editing this device.').waitFor()
  await ada.page.keyboard.press('Escape')
  await olga.page.getByRole('dialog').getByText('ada is viewing this device.').waitFor()
  await ada.page.keyboard.press('Escape')
  await olga.page.getByText('ada is viewing this device.').first().waitFor({ state: 'detached' })
  await close(ada)
  await close(olga)
})

test('the audit trail is searched by who and by outcome, shows where from, is verified and exported', async () => {
  addUsers()
  const viewer = await visit('/')
  await logIn(viewer.page, 'vic', 'wrong horse battery staple')
  await viewer.page.getByText('Name or password is wrong').waitFor()
  await close(viewer)
  const opened = await enter('ada', '/operations/audit?outcome=refused')
  const { page } = opened
  const rows = page.locator('main ul > li')
  await rows.filter({ hasText: 'vic' }).first().getByText('Refused').waitFor()
  await page.getByRole('combobox', { name: 'Outcome' }).selectOption('')
  await page.getByRole('searchbox', { name: 'Who' }).fill('ada')
  await until('only hers are shown', async () => {
    const texts = await rows.allTextContents()
    return texts.length > 0 && texts.every((text) => text.includes('ada'))
  })
  expect(new URL(page.url()).searchParams.get('who')).toBe('ada')
  await rows.first().getByRole('button').first().click()
  await rows.first().getByText('127.0.0.1').waitFor()
  expect(await axeViolations(page)).toEqual([])
  await page.getByRole('button', { name: 'Verify now' }).click()
  await page.getByText('Intact', { exact: true }).waitFor()
  const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('link', { name: 'JSON Lines' }).click()])
  const lines = readFileSync(await download.path(), 'utf8').trim().split('\n').map((line) => JSON.parse(line) as { action?: string })
  expect(lines.at(-1)?.action).toBe('export audit trail')
  await close(opened)
})
