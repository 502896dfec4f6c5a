import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { type LayoutInput, type LayoutResult, WORKER_STARTED } from './model/computeLayout'
import { runLayout } from './runLayout'

vi.mock('./model/computeLayout', () => ({ WORKER_STARTED: 'started', computeLayout: () => 'inline' }))

const LARGE = { ids: new Uint32Array(5_000) } as unknown as LayoutInput

/** Sends a message from the worker to the page. */
let sendMessage: (data: unknown) => void

class FakeWorker {
  addEventListener(kind: string, listener: (event: { data: unknown }) => void): void {
    if (kind === 'message') sendMessage = (data) => listener({ data })
  }
  postMessage(): void {
    // The test decides whether there is an answer.
  }
  terminate(): void {
    // Nothing runs.
  }
}

beforeEach(() => {
  vi.useFakeTimers()
  vi.stubGlobal('Worker', FakeWorker)
  vi.spyOn(console, 'warn').mockImplementation(() => undefined)
})
afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
  vi.restoreAllMocks()
})

test('a worker that has started may take minutes on a slow machine', async () => {
  const layout = runLayout(LARGE)
  await vi.advanceTimersByTimeAsync(10_000)
  sendMessage(WORKER_STARTED)
  await vi.advanceTimersByTimeAsync(120_000)
  sendMessage('from the worker' as unknown as LayoutResult)
  expect(await layout).toBe('from the worker')
})

test('the page computes the layout itself if the worker does not start', async () => {
  const layout = runLayout(LARGE)
  await vi.advanceTimersByTimeAsync(15_000)
  expect(await layout).toBe('inline')
})
