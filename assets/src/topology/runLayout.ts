import { type Outline, STARTED, type Survey, surveyOf } from './model/computeLayout'

/** Fewer devices are surveyed sooner than a thread starts. */
const HERE_DEVICES_MAX = 2_000
/** A thread that has not started by then never will: its script may be stuck on the way. */
const START_MS_MAX = 15_000

/** Surveys a network, a large one without holding the page up. */
export async function surveyAside(outline: Outline): Promise<Survey> {
  if (outline.ids.length <= HERE_DEVICES_MAX) return surveyOf(outline)
  try {
    return await surveyInWorker(outline)
  } catch (error) {
    // As after an upgrade of the server, which has another build's script.
    console.warn('The topology is laid out without a worker:', error)
    return surveyOf(outline)
  }
}

function surveyInWorker(outline: Outline): Promise<Survey> {
  const worker = new Worker(new URL('./model/layout.worker.ts', import.meta.url), { type: 'module' })
  return new Promise<Survey>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('its script does not arrive')), START_MS_MAX)
    worker.addEventListener('message', ({ data }: MessageEvent<Survey | typeof STARTED>) => {
      // From here on it works, however slow the machine is.
      clearTimeout(timer)
      if (data !== STARTED) resolve(data)
    })
    worker.addEventListener('error', ({ message }) => {
      clearTimeout(timer)
      reject(new Error(message || 'its script did not load'))
    })
    // Copied, not handed over: it is needed again when the thread fails.
    worker.postMessage(outline)
  }).finally(() => worker.terminate())
}
