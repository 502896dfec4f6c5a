import { beforeEach, expect, test, vi } from 'vitest'
import { createMemoryHistory, createRouter, type Router } from 'vue-router'
import { startView, view } from './view'

let router: Router

beforeEach(async () => {
  vi.stubGlobal('history', { state: null })
  router = createRouter({
    history: createMemoryHistory(),
    routes: [{ path: '/inventory', component: {} }],
  })
  await router.push('/inventory')
  startView(router)
})

/** Lets what is under way come to its end. */
function rest(): Promise<void> {
  return new Promise((done) => setTimeout(done, 20))
}

function url(): string {
  return router.currentRoute.value.fullPath
}

test('the entry before was filtered since: closing the panel leaves URL and view equal', async () => {
  // As after Back, a filter, Forward: the router notes where an entry came from when it is made.
  await router.push('/inventory?q=ont')
  await router.push('/inventory?device=7')
  expect(view).toMatchObject({ device: 7, text: '' })
  await rest()
  vi.stubGlobal('history', { state: { back: '/inventory' } })
  view.device = null
  await vi.waitFor(() => expect(url()).toBe('/inventory'))
  expect(view).toMatchObject({ device: null, text: '' })
})

test('a navigation that is rejected does not end the following', async () => {
  const stop = router.beforeEach(() => Promise.reject(new Error('no')))
  router.onError(() => undefined)
  view.text = 'a'
  await rest()
  stop()
  view.text = 'ab'
  await vi.waitFor(() => expect(url()).toBe('/inventory?q=ab'))
  await router.push('/inventory?q=b')
  expect(view.text).toBe('b')
})
