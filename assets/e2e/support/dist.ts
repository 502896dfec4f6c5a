import { existsSync, readFileSync, statSync } from 'node:fs'
import { extname, join, resolve } from 'node:path'
import type { BrowserContext } from 'playwright-core'

const TYPES: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
}

/** The browser takes such a page for one of another network; its socket falls back to polling. */
export const expectedOfDist =
  process.env['UNOC_DIST'] === undefined ? [] : [/ERR_BLOCKED_BY_LOCAL_NETWORK_ACCESS_CHECKS/]

/**
 * With `UNOC_DIST=1` the page comes from assets/dist instead of the binary, with the headers that
 * the binary gives it: for working on the page without building the binary again and again.
 */
export async function servePage(context: BrowserContext): Promise<void> {
  if (process.env['UNOC_DIST'] === undefined) return
  const dist = resolve(import.meta.dirname, '../../dist')
  await context.route(/^http:\/\/127\.0\.0\.1:\d+\/(?!api|socket\.io|health)/, async (route) => {
    const url = new URL(route.request().url())
    const at = join(dist, url.pathname.replace(/^.*?(?=\/assets\/|\/[^/]*$)/, ''))
    const isPage = route.request().resourceType() === 'document'
    if (!isPage && !(existsSync(at) && statSync(at).isFile())) return route.continue()
    const file = isPage ? join(dist, 'index.html') : at
    const headers: Record<string, string> = {
      'content-type': TYPES[extname(file)] ?? 'application/octet-stream',
    }
    if (isPage) {
      const policy = (await fetch(url)).headers.get('content-security-policy')
      if (policy !== null) headers['content-security-policy'] = policy
    }
    const body = readFileSync(file)
    const base = /^(.*?)\/(?:operations.*|account.*|inventory|links|topology|users|set-up|settings)?$/.exec(url.pathname)?.[1] ?? ''
    const html = body.toString().replace('<base href="/">', `<base href="${base}/">`)
    await route.fulfill({ headers, body: isPage ? html : body })
  })
}
