import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { nextTick } from 'vue'
import { connection } from './live/feed'
import { prefetchParts } from './prefetch'

vi.mock('./live/feed', async () => {
  const { shallowRef } = await import('vue')
  return { connection: shallowRef('connecting') }
})

let asked: string[]
let lost: string[]

beforeEach(() => {
  asked = []
  lost = ['b.css']
  vi.stubGlobal('window', { requestIdleCallback: (call: () => void) => call() })
  vi.stubGlobal('requestIdleCallback', (call: () => void) => call())
  vi.stubGlobal('navigator', {})
  vi.stubGlobal('document', { querySelector: () => ({ content: 'a.css b.css c.css' }), baseURI: 'http://unoc/' })
  vi.stubGlobal('fetch', (href: string, { signal }: RequestInit) => {
    const part = href.replace('http://unoc/', '')
    asked.push(part)
    if (!(signal instanceof AbortSignal)) throw new Error('no deadline')
    return lost.includes(part)
      ? Promise.reject(new TypeError('lost'))
      : Promise.resolve(new Response('p {}'))
  })
})
afterEach(() => vi.unstubAllGlobals())

async function goesLive(): Promise<void> {
  connection.value = 'connecting'
  await nextTick()
  connection.value = 'live'
  for (let turn = 0; turn < 20; turn += 1) await new Promise((done) => setTimeout(done))
}

test('a part that does not arrive holds up no other, and is asked for again once the server is back', async () => {
  prefetchParts()
  await goesLive()
  expect(asked).toEqual(['a.css', 'b.css', 'c.css'])
  lost = []
  await goesLive()
  await goesLive()
  expect(asked).toEqual(['a.css', 'b.css', 'c.css', 'b.css'])
})
