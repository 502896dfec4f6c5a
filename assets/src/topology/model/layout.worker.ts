import { type Outline, STARTED, surveyOf } from './computeLayout'

// A thread of its own for one survey: it ends when the answer has arrived.
self.addEventListener('message', ({ data }: MessageEvent<Outline>) => {
  const survey = surveyOf(data)
  const buffers = Object.values(survey).map(({ buffer }) => buffer as ArrayBuffer)
  self.postMessage(survey, { transfer: buffers })
})
self.postMessage(STARTED)
