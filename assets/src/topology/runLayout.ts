import { computeLayout, type LayoutInput, type LayoutResult, WORKER_STARTED } from './model/computeLayout'

/** For fewer devices, the layout takes less time than the start of a worker. */
const INLINE_DEVICES_MAX = 2_000
/** A worker that has not started by then is given up: its script does not load. */
const START_MS_MAX = 15_000

/** Computes a layout; a large one in a worker, so that the page stays responsive. */
export async function runLayout(input: LayoutInput): Promise<LayoutResult> {
  if (input.ids.length <= INLINE_DEVICES_MAX) return computeLayout(input)
  try {
    return await runInWorker(input)
  } catch (error) {
    // After an upgrade, for example, the server no longer has this build's script.
    console.warn('Computing the topology layout without a worker:', error)
    return computeLayout(input)
  }
}

function runInWorker(input: LayoutInput): Promise<LayoutResult> {
  const worker = new Worker(new URL('./model/layout.worker.ts', import.meta.url), { type: 'module' })
  return new Promise<LayoutResult>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('its script did not load in time')), START_MS_MAX)
    worker.addEventListener('message', ({ data }: MessageEvent<LayoutResult | typeof WORKER_STARTED>) => {
      // Once it has started, it may take any time: the machine may be slow.
      clearTimeout(timer)
      if (data !== WORKER_STARTED) resolve(data)
    })
    worker.addEventListener('error', ({ message }) => {
      clearTimeout(timer)
      reject(new Error(message || 'its script did not load'))
    })
    // Copied, not transferred: the input is needed again if the worker fails.
    worker.postMessage(input)
  }).finally(() => worker.terminate())
}
