import type { Page } from 'playwright-core'
import { PASSWORD } from './unoc'

/** Fills the login of a page and sends it; `name`: null where the page knows whose session it was. */
export async function logIn(page: Page, name: string | null, password = PASSWORD): Promise<void> {
  if (name !== null) await page.getByRole('textbox', { name: 'Name' }).fill(name)
  await page.getByRole('textbox', { name: 'Password', exact: true }).fill(password)
  await page.getByRole('button', { name: 'Log in', exact: true }).click()
}
