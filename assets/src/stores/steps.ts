import type { Router } from 'vue-router'

/** A step back in the browser's history takes milliseconds. */
const BACK_MS_MAX = 1_000

interface DialogStep {
  id: string
  close: () => void
}

/** The open dialogs, the topmost last. */
const dialogSteps: DialogStep[] = []

let router: Router | null = null
/** Steps of this page under way, which are not the reader's. */
let running = 0
let last: Promise<unknown> = Promise.resolve()
/** Entries outlive a reload, so that their names must not begin again. */
const run = Date.now().toString(36)
let count = 0

/** From now on the browser's Back closes the topmost dialog. */
export function startSteps(of: Router): void {
  router = of
  of.afterEach(() => {
    if (isStepping()) return
    const at = stepOf(history.state)
    const from = dialogSteps.findIndex(({ id }) => id === at) + 1
    for (const { close } of dialogSteps.splice(from).reverse()) close()
  })
}

/** Makes one change of the browser's history after another; one that fails does not end those after it. */
export function enqueueStep(step: () => Promise<unknown>): void {
  running += 1
  last = last
    .then(step)
    .catch(() => undefined)
    .finally(() => (running -= 1))
}

/** Whether the page itself moves in the history just now. */
export function isStepping(): boolean {
  return running > 0
}

/** Resolves when all steps so far are made. A push before that could come between a step and its end. */
export async function stepsMade(): Promise<void> {
  await last
}

/** Makes an open dialog a step of the history. Returns what to call when it was closed otherwise than by Back. */
export function openDialogStep(close: () => void): () => void {
  count += 1
  const id = `${run}-${count}`
  const step = { id, close }
  dialogSteps.push(step)
  enqueueStep(async () => {
    if (router === null || !dialogSteps.includes(step)) return
    const { path, query, hash } = router.currentRoute.value
    await router.push({ path, query, hash, force: true, state: { step: id } })
  })
  return () => {
    const at = dialogSteps.indexOf(step)
    if (at >= 0) dialogSteps.splice(at, 1)
    enqueueStep(async () => {
      if (router !== null && stepOf(history.state) === id) await goBack(router)
    })
  }
}

/** Goes one entry back, as the browser's Back does. */
export function goBack(of: Router): Promise<void> {
  return new Promise((done) => {
    const end = (): void => {
      stop()
      clearTimeout(timer)
      done()
    }
    const stop = of.afterEach(end)
    const timer = setTimeout(end, BACK_MS_MAX)
    of.back()
  })
}

function stepOf(state: unknown): string | null {
  if (typeof state !== 'object' || state === null || !('step' in state)) return null
  return typeof state.step === 'string' ? state.step : null
}
