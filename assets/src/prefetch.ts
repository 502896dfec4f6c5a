import { watch } from 'vue'
import { connection } from './live/feed'

const FETCH_MS_MAX = 15_000

/**
 * Fetches the parts of the page that were not opened yet while nothing else is to be done, so
 * that they open when the server is away. One after the other, each once: about 200 kB.
 */
export function prefetchParts(): void {
  const named = document.querySelector<HTMLMetaElement>('meta[name="unoc-parts"]')?.content ?? ''
  const rest = named.split(' ').filter((file) => file !== '')
  let isRunning = false

  async function run(): Promise<void> {
    if (isRunning || savesData()) return
    isRunning = true
    // One round: what cannot be fetched now is tried again once the server is back.
    for (let left = rest.length; left > 0 && connection.value === 'live'; left -= 1) {
      await idle()
      const part = rest.shift()
      if (part !== undefined && !(await fetchPart(new URL(part, document.baseURI).href))) rest.push(part)
    }
    isRunning = false
  }

  watch(connection, (now) => {
    if (now === 'live') void run()
  })
}

/** Keeps a script in the document's modules, not run, and a style sheet in the browser's cache. */
function fetchPart(href: string): Promise<boolean> {
  if (href.endsWith('.css')) {
    return fetch(href, { signal: AbortSignal.timeout(FETCH_MS_MAX) })
      .then(async (response) => response.ok && (await response.text()) !== '')
      .catch(() => false)
  }
  return new Promise((done) => {
    const element = document.createElement('link')
    element.rel = 'modulepreload'
    element.crossOrigin = ''
    element.href = href
    const fail = (): void => {
      clearTimeout(timer)
      element.remove()
      done(false)
    }
    const timer = setTimeout(fail, FETCH_MS_MAX)
    element.onload = () => {
      clearTimeout(timer)
      done(true)
    }
    element.onerror = fail
    document.head.append(element)
  })
}

function idle(): Promise<void> {
  return new Promise((done) => {
    if ('requestIdleCallback' in window) requestIdleCallback(() => done())
    else setTimeout(done, 100)
  })
}

/** The browser was told to load no more than it has to. */
function savesData(): boolean {
  const { connection } = navigator as { connection?: { saveData?: boolean } }
  return connection?.saveData === true
}
