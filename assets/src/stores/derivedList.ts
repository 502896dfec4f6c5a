import { shallowRef, type ShallowRef } from 'vue'
import { describeError } from '../api/http'

/** A cut arrives as several batches: one request covers them all. */
const PAUSE_MS_MIN = 300
/** During a storm of changes, requests may take one sixth of the time. */
const REST_FACTOR = 5
const RETRY_MS = 5_000

/** A list from the server, and what comes with it. It survives a failed refetch; `errorText` marks it as out of date. */
export type DerivedState<T, More extends object = object> =
  | { phase: 'loading' }
  | ({ phase: 'ready'; count: number; list: T[]; errorText: string | null } & More)
  | { phase: 'failed'; errorText: string }

export interface DerivedList<T, More extends object> {
  state: ShallowRef<DerivedState<T, More>>
  /** Loads soon; calls until then are merged. */
  schedule: () => void
  /** Loads now. */
  load: () => Promise<void>
}

/** A list that the server derives from the whole network, so that any change may change it. */
export function derivedList<T, More extends object = object>(
  fetch: () => Promise<{ count: number; list: T[] } & More>,
): DerivedList<T, More> {
  const state: ShallowRef<DerivedState<T, More>> = shallowRef({ phase: 'loading' })
  let timer: ReturnType<typeof setTimeout> | undefined
  let busy = false
  /** Something changed while a request was in flight. */
  let again = false
  let pauseMs = PAUSE_MS_MIN

  function schedule(): void {
    if (busy) again = true
    else timer ??= setTimeout(() => void load(), pauseMs)
  }

  async function load(): Promise<void> {
    if (busy) {
      again = true
      return
    }
    clearTimeout(timer)
    timer = undefined
    busy = true
    again = false
    const from = performance.now()
    let failed = false
    try {
      state.value = { phase: 'ready', ...(await fetch()), errorText: null }
    } catch (error) {
      failed = true
      const errorText = describeError(error)
      const before = state.value
      state.value = before.phase === 'ready' ? { ...before, errorText } : { phase: 'failed', errorText }
    }
    busy = false
    pauseMs = Math.max(PAUSE_MS_MIN, (performance.now() - from) * REST_FACTOR)
    if (failed) timer = setTimeout(() => void load(), RETRY_MS)
    else if (again) schedule()
  }

  return { state, schedule, load }
}
