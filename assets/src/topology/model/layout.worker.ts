import { computeLayout, type LayoutInput, WORKER_STARTED } from './computeLayout'

// Computes one layout; the page ends the worker when the result has arrived.
self.addEventListener('message', ({ data }: MessageEvent<LayoutInput>) => {
  const layout = computeLayout(data)
  const buffers = Object.values(layout).map(({ buffer }) => buffer as ArrayBuffer)
  self.postMessage(layout, { transfer: buffers })
})
self.postMessage(WORKER_STARTED)
