import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Session } from '../src/api/session'
import { actAs, sessionOf, TOKENS } from './support/access'
import { close, launch, open, type Opened, TABLET, TELEPHONE } from './support/browser'
import { axeViolations, brokenWords, cutOff, overflow } from './support/pages'
import { picture } from './support/pictures'
import { Unoc } from './support/unoc'

const NO_MIRROR = /404.*api\/sync/
const DESK = { width: 1440, height: 900 }
/** A telephone at 200 %. */
const ZOOMED = { width: 195, height: 422 }

let unoc: Unoc
let browser: Browser

beforeAll(async () => {
  ;[unoc, browser] = await Promise.all([Unoc.start(), launch()])
})

afterAll(async () => {
  await browser.close()
  await unoc.stop()
})

async function visit(path: string, as: Session, theme: 'light' | 'dark' = 'light', size = DESK): Promise<Opened> {
  const opened = await open(browser, 'about:blank', { theme, size, expected: [NO_MIRROR] })
  await actAs(opened.page, as)
  await opened.page.goto(unoc.url + path)
  return opened
}

/** Opens what a page has more of, so that it is looked at too. */
const MORE: Record<string, (page: Page) => Promise<void>> = {
  account: async (page) => {
    const secret = { secret: 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP', otpauth_uri: 'otpauth://totp/UNOC:ada?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=UNOC' }
    await page.route('**/api/account/totp', (route) => route.fulfill({ json: secret }))
    await page.getByRole('button', { name: 'Turn on…' }).click()
    await page.getByRole('textbox', { name: 'Password', exact: true }).fill('correct horse battery staple')
    await page.getByRole('button', { name: 'Turn on', exact: true }).click()
    await page.getByRole('img', { name: /QR code/ }).waitFor()
  },
  tokens: async (page) => {
    await page.route('**/api/tokens', (route) =>
      route.fulfill({ json: route.request().method() === 'POST' ? { ...TOKENS[0], token: `unoc_${'x'.repeat(43)}` } : TOKENS }),
    )
    await page.getByRole('button', { name: 'New token' }).click()
    await page.getByRole('dialog').getByRole('textbox', { name: 'Name' }).fill('crm')
    await page.getByRole('dialog').getByRole('button', { name: 'Create token' }).click()
    await page.getByRole('region', { name: 'New token' }).waitFor()
  },
  audit: async (page) => {
    await page.getByRole('button', { name: 'Verify now' }).click()
    await page.getByText('12,806').first().waitFor()
  },
}

const SHOWN = [
  { name: 'login', path: '/inventory', as: sessionOf(null), heading: 'Log in' },
  { name: 'closed', path: '/', as: sessionOf(null, { mode: 'open', setup_possible: true }), heading: 'No users yet' },
  { name: 'set-up', path: '/set-up#one-time-code', as: sessionOf(null, { mode: 'open' }), heading: 'Add the first user' },
  { name: 'account', path: '/account', as: sessionOf('operator'), heading: 'Account' },
  { name: 'sessions', path: '/account/sessions', as: sessionOf('admin'), heading: 'Sessions' },
  { name: 'tokens', path: '/account/tokens', as: sessionOf('admin'), heading: 'API tokens' },
  { name: 'users', path: '/users', as: sessionOf('admin'), heading: 'Users' },
  { name: 'users-forbidden', path: '/users', as: sessionOf('viewer'), heading: 'Users' },
  { name: 'audit', path: '/operations/audit', as: sessionOf('admin'), heading: 'Audit' },
  { name: 'insecure', path: '/operations/jobs', as: sessionOf(null, { mode: 'insecure' }), heading: 'Jobs' },
] as const

describe.each(['light', 'dark'] as const)('in %s', (theme) => {
  test.each(SHOWN)('$name: without fault at each width', async ({ name, path, as, heading }) => {
    const opened = await visit(path, as, theme)
    const { page } = opened
    await page.getByRole('heading', { level: 1, name: heading }).waitFor()
    await page.locator('main [role="status"]:has-text("Loading")').first().waitFor({ state: 'detached' })
    await MORE[name]?.(page)
    for (const size of [DESK, TABLET, TELEPHONE, ZOOMED]) {
      await page.setViewportSize(size)
      expect(await overflow(page), `${size.width}`).toBeLessThanOrEqual(0)
      expect(await cutOff(page), `${size.width}`).toEqual([])
      if (size === ZOOMED) expect(await brokenWords(page)).toEqual([])
      else expect(await axeViolations(page), `${size.width}`).toEqual([])
      await picture(page, `access-${name}-${theme}-${size.width}`)
    }
    await close(opened)
  })
})

test('the dialogs of users: without fault', async () => {
  const opened = await visit('/users', sessionOf('admin'))
  const { page } = opened
  for (const name of ['Add a user', 'Change ada…', 'Remove ada…']) {
    await page.getByRole('button', { name }).click()
    await page.getByRole('dialog').waitFor()
    expect(await axeViolations(page), name).toEqual([])
    await picture(page, `access-${name.split(' ')[0]?.toLowerCase()}-user`)
    await page.keyboard.press('Escape')
    await page.getByRole('dialog').waitFor({ state: 'detached' })
  }
  await close(opened)
})

test('the menu of the user opens, closes and leads on by the keyboard', async () => {
  const opened = await visit('/operations/jobs', sessionOf('viewer'))
  const { page } = opened
  const button = page.getByRole('button', { name: /User ada/ })
  await button.focus()
  await page.keyboard.press('Enter')
  const menu = page.getByRole('group', { name: 'User' })
  await menu.getByText('Role: viewer').waitFor()
  await menu.getByText(/Last login .* from 192\.0\.2\.17/).waitFor()
  expect(await axeViolations(page)).toEqual([])
  await picture(page, 'access-menu')
  expect(await menu.getByRole('link').allTextContents()).toEqual(['Account', 'Sessions', 'API tokens'].map((name) => expect.stringContaining(name) as string))
  await page.keyboard.press('Escape')
  await menu.waitFor({ state: 'hidden' })
  await page.keyboard.press('Enter')
  await page.keyboard.press('Tab')
  await page.keyboard.press('Enter')
  await page.getByRole('heading', { level: 1, name: 'Account' }).waitFor()
  await menu.waitFor({ state: 'hidden' })
  await close(opened)
})

test('a password is shown on request, and Caps Lock is told of', async () => {
  const opened = await visit('/', sessionOf(null))
  const { page } = opened
  const field = page.getByRole('textbox', { name: 'Password', exact: true })
  await page.getByLabel('Password', { exact: true }).fill('correct horse')
  expect(await page.getByLabel('Password', { exact: true }).getAttribute('type')).toBe('password')
  expect(await page.getByLabel('Password', { exact: true }).getAttribute('autocomplete')).toBe('current-password')
  await page.getByRole('button', { name: 'Show: Password' }).click()
  await field.waitFor()
  await field.evaluate((input) =>
    input.dispatchEvent(new KeyboardEvent('keydown', { key: 'A', modifierCapsLock: true, bubbles: true })),
  )
  await page.getByText('Caps Lock is on.').waitFor()
  await close(opened)
})
