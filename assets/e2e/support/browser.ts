import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core'
import { expect } from 'vitest'
import { expectedOfDist, servePage } from './dist'

/** The system's browser; `UNOC_CHROMIUM` names another. */
const EXECUTABLE = process.env['UNOC_CHROMIUM'] ?? '/usr/bin/chromium'
/** WebGL in software: the machine that tests has no graphics card. */
const SOFTWARE = ['--use-gl=angle', '--use-angle=swiftshader', '--enable-unsafe-swiftshader']
/** Only WebGL: drawing pages that way, as Debian's Chromium is told to, takes a quarter more of the processor. */
const WITHOUT_GPU = ['--disable-gpu-rasterization', '--disable-gpu-compositing']
const FLAGS = ['--headless', '--no-sandbox', '--disable-background-networking', ...SOFTWARE, ...WITHOUT_GPU]
/** Long enough for two busy cores; nothing waits that long when all is well. */
const WAIT_MS_MAX = 20_000

export const LAPTOP = { width: 1280, height: 800 }
export const TABLET = { width: 1024, height: 768 }
export const TELEPHONE = { width: 390, height: 844 }

export async function launch(flags: readonly string[] = []): Promise<Browser> {
  return chromium.launch({ executablePath: EXECUTABLE, args: [...FLAGS, ...flags] })
}

/** What a page complained about while it was open. */
export interface PageErrors {
  /** Errors of scripts and of the console, violations of the content security policy. */
  list: string[]
  /** Texts that this test brings about on purpose. */
  expected: RegExp[]
}

export interface Opened {
  page: Page
  context: BrowserContext
  pageErrors: PageErrors
}

export interface OpenOptions {
  theme?: 'light' | 'dark'
  size?: { width: number; height: number }
  expected?: RegExp[]
}

/** A browser window of its own, that notes everything that goes wrong in it. */
export async function open(browser: Browser, url: string, options: OpenOptions = {}): Promise<Opened> {
  const context = await browser.newContext({
    viewport: options.size ?? LAPTOP,
    colorScheme: options.theme ?? 'light',
    reducedMotion: 'reduce',
    acceptDownloads: true,
  })
  await servePage(context)
  const page = await context.newPage()
  page.setDefaultTimeout(WAIT_MS_MAX)
  const pageErrors: PageErrors = {
    list: [],
    expected: [...(options.expected ?? []), ...expectedOfDist],
  }
  await page.addInitScript(() => {
    document.addEventListener('securitypolicyviolation', (event) => {
      console.error(`CSP ${event.violatedDirective} ${event.blockedURI} ${event.sample}`)
    })
  })
  page.on('pageerror', (error) => pageErrors.list.push(`script: ${error.message}`))
  page.on('dialog', (dialog) => {
    pageErrors.list.push(`dialog: ${dialog.message()}`)
    void dialog.dismiss()
  })
  page.on('console', (message) => {
    if (message.type() !== 'error') return
    pageErrors.list.push(`console: ${message.text()} ${message.location().url}`)
  })
  await page.goto(url)
  return { page, context, pageErrors }
}

/** Closes the window and fails on whatever it complained about. */
export async function close({ context, pageErrors }: Opened): Promise<void> {
  await context.close()
  const { list, expected } = pageErrors
  expect(list.filter((text) => !expected.some((each) => each.test(text)))).toEqual([])
}

/** Makes a page count its clicks, from the next address on that it opens. */
export async function countClicks(page: Page): Promise<void> {
  await page.addInitScript(() => {
    const counted = { clicks: 0 }
    Object.assign(window, { counted })
    window.addEventListener('pointerdown', () => (counted.clicks += 1), true)
  })
}

/** The clicks since the page was loaded. */
export function clicks(page: Page): Promise<number> {
  return page.evaluate(() => (window as unknown as { counted: { clicks: number } }).counted.clicks)
}

/** Presses the keys of the search. They are those of the frame, which comes once the server has said who is asking. */
export async function openSearch(page: Page): Promise<void> {
  await page.getByTestId('connection').waitFor()
  await page.keyboard.press('Control+k')
}

/** Runs an action of the search by its name. */
export async function act(page: Page, action: string): Promise<void> {
  await openSearch(page)
  await page.getByRole('dialog', { name: 'Search' }).getByRole('combobox').fill(action)
  await page.keyboard.press('Enter')
}

/** The word of the connection indicator, waited for. */
export async function connection(page: Page, word: 'Connecting' | 'Live' | 'Reconnecting' | 'Offline'): Promise<void> {
  await page.getByTestId('connection').getByText(word).waitFor({ timeout: 40_000 })
}

/** Tries until it holds; for what no locator can wait for. */
export async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  await expect.poll(holds, { timeout: WAIT_MS_MAX, message: what, interval: 50 }).toBe(true)
}
