import { beforeEach, expect, test, vi } from 'vitest'
import { createMemoryHistory, createRouter, type Router } from 'vue-router'
import { openDialogStep, startSteps, stepsMade } from './steps'

let router: Router
/** The states of the entries, as the browser would keep them. */
let states: unknown[]
let at: number

beforeEach(async () => {
  states = [null]
  at = 0
  vi.stubGlobal('history', {
    get state() {
      return states[at]
    },
  })
  const memory = createMemoryHistory()
  const push = memory.push.bind(memory)
  memory.push = (to, data) => {
    states.splice(at + 1)
    at = states.push(data ?? null) - 1
    push(to, data)
  }
  const go = memory.go.bind(memory)
  memory.go = (by, ...more) => {
    at += by
    go(by, ...more)
  }
  router = createRouter({ history: memory, routes: [{ path: '/inventory', component: {} }, { path: '/links', component: {} }] })
  await router.push('/inventory')
  startSteps(router)
})

/** Presses the browser's Back. */
async function back(): Promise<void> {
  const moved = new Promise<void>((done) => {
    const stop = router.afterEach(() => {
      stop()
      done()
    })
  })
  router.back()
  await moved
}

test('Back closes the dialog and stays on the page', async () => {
  const before = at
  const close = vi.fn()
  openDialogStep(close)
  await stepsMade()
  expect(at).toBe(before + 1)
  await back()
  expect(close).toHaveBeenCalledTimes(1)
  expect(router.currentRoute.value.path).toBe('/inventory')
  expect(at).toBe(before)
})

test('a dialog that is closed takes its step with it', async () => {
  const before = at
  const close = vi.fn()
  openDialogStep(close)()
  openDialogStep(close)()
  await stepsMade()
  expect(at).toBe(before)
  expect(close).not.toHaveBeenCalled()
  await router.push('/links')
  expect(close).not.toHaveBeenCalled()
})

test('Back closes the topmost dialog only', async () => {
  const [lower, upper] = [vi.fn(), vi.fn()]
  openDialogStep(lower)
  openDialogStep(upper)
  await stepsMade()
  await back()
  expect(upper).toHaveBeenCalledTimes(1)
  expect(lower).not.toHaveBeenCalled()
  await back()
  expect(lower).toHaveBeenCalledTimes(1)
})
