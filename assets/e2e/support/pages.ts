import axe, { type AxeResults } from 'axe-core'
import type { Page } from 'playwright-core'

/** Every page of the navigation, by the name that its screenshot gets. */
export const PAGES: readonly { name: string; path: string; heading: string }[] = [
  { name: 'overview', path: '/operations', heading: 'Overview' },
  { name: 'topology', path: '/topology', heading: 'Topology' },
  { name: 'inventory', path: '/inventory', heading: 'Inventory' },
  { name: 'links', path: '/links', heading: 'Links' },
  { name: 'incidents', path: '/operations/incidents', heading: 'Incidents' },
  { name: 'problems', path: '/operations/problems', heading: 'Problems' },
  { name: 'overrides', path: '/operations/overrides', heading: 'Overrides' },
  { name: 'health', path: '/operations/health', heading: 'Health' },
  { name: 'backups', path: '/operations/backups', heading: 'Backups' },
  { name: 'sync', path: '/operations/sync', heading: 'Sync' },
  { name: 'jobs', path: '/operations/jobs', heading: 'Jobs' },
  { name: 'reports', path: '/operations/reports', heading: 'Reports' },
  { name: 'logs', path: '/operations/logs', heading: 'Logs' },
  { name: 'audit', path: '/operations/audit', heading: 'Audit' },
  { name: 'users', path: '/users', heading: 'Users' },
  { name: 'settings', path: '/settings', heading: 'Settings' },
]

/** The serious and critical faults that axe finds, a line each. */
export async function axeViolations(page: Page): Promise<string[]> {
  await page.evaluate(axe.source)
  const results = await page.evaluate(async () => {
    const { axe: runner } = window as unknown as { axe: { run: (o: object) => Promise<AxeResults> } }
    return runner.run({
      runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'best-practice'],
      resultTypes: ['violations'],
    })
  })
  return results.violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, impact, nodes }) =>
      nodes.map(({ html, failureSummary }) => `${impact} ${id}: ${html} ${failureSummary ?? ''}`),
    )
}

/** How many pixels the page is wider than its window. */
export async function overflow(page: Page): Promise<number> {
  return page.evaluate(() => {
    const boxes = [document.documentElement, document.body, document.querySelector('main')]
    return Math.max(...boxes.map((box) => (box === null ? 0 : box.scrollWidth - box.clientWidth)))
  })
}

/** A word of up to this many letters has to fit on a line; a name or an address may be broken. */
const SHORT_WORD_MAX = 12

/** The short words that are broken across lines because their column is narrower than they are. */
export async function brokenWords(page: Page): Promise<string[]> {
  return page.evaluate((max) => {
    const broken: string[] = []
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
    while (texts.nextNode() !== null) {
      const text = texts.currentNode as Text
      if (text.parentElement?.closest('.unseen, script, style') !== null) continue
      // Between these, a line may end.
      for (const { 0: word, index } of text.data.matchAll(/[^\s\-/\u2010-\u2015]+/g)) {
        if (word.length > max) continue
        const range = document.createRange()
        range.setStart(text, index)
        range.setEnd(text, index + word.length)
        const lines = [...range.getClientRects()].filter(({ width }) => width > 0).map(({ top }) => Math.round(top))
        if (new Set(lines).size > 1) broken.push(`${word}, in: ${text.data.trim().slice(0, 60)}`)
      }
    }
    return broken
  }, SHORT_WORD_MAX)
}

/** What is used or read on the page, but lies beyond an edge that nothing scrolls to; a line each. */
export async function cutOff(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const parts = 'a, button, input, select, label, th, td, [role="gridcell"], [role="columnheader"], [role="toolbar"]'
    const isCut = (part: Element): boolean => {
      const { width, right } = part.getBoundingClientRect()
      if (width <= 1) return false
      for (let box = part.parentElement; box !== null && box.localName !== 'main'; box = box.parentElement) {
        const scrolls = getComputedStyle(box).overflowX
        if (scrolls === 'auto' || scrolls === 'scroll') return false
        if (scrolls !== 'visible' && right > box.getBoundingClientRect().right + 1) return true
      }
      return right > innerWidth + 1
    }
    return [...document.querySelectorAll(parts)]
      .filter(isCut)
      .map((part) => `${part.localName} ${part.getAttribute('aria-label') ?? part.textContent.trim().slice(0, 60)}`)
  })
}
