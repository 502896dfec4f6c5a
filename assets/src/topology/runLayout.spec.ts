import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { type Outline, STARTED, type Survey } from './model/computeLayout'
import { surveyAside } from './runLayout'

vi.mock('./model/computeLayout', () => ({ STARTED: 'started', surveyOf: () => 'made here' }))

const LARGE = { ids: new Uint32Array(5_000) } as unknown as Outline

let say: (data: unknown) => void

class FakeWorker {
  addEventListener(kind: string, call: (event: { data: unknown }) => void): void {
    if (kind === 'message') say = (data) => call({ data })
  }
  postMessage(): void {
    // Whether it answers is up to the test.
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

test('a thread that has started may take long on a slow machine', async () => {
  const survey = surveyAside(LARGE)
  await vi.advanceTimersByTimeAsync(10_000)
  say(STARTED)
  await vi.advanceTimersByTimeAsync(120_000)
  say('made there' as unknown as Survey)
  expect(await survey).toBe('made there')
})

test('one that does not start is not waited for', async () => {
  const survey = surveyAside(LARGE)
  await vi.advanceTimersByTimeAsync(15_000)
  expect(await survey).toBe('made here')
})
