import { shallowRef, type ShallowRef, watch } from 'vue'
import { describeError } from '../api/http'
import { link } from '../live/feed'

/** What was asked last. A value outlives a failing question; `errorText` says that it is old. */
export interface PollState<T> {
  value: T | null
  errorText: string | null
  /** When the last good answer came, in milliseconds. */
  at: number | null
}

export interface Poll<T> {
  state: Readonly<ShallowRef<PollState<T>>>
  /** Asks now. */
  refresh: () => Promise<void>
  /** Puts an answer in place that came another way. */
  put: (value: T) => void
}

/**
 * Asks again after `pauseMs` of the last answer while the page is seen, and at once when the
 * connection comes back.
 */
export function poll<T>(ask: () => Promise<T>, pauseMs: (value: T | null) => number): Poll<T> {
  const state = shallowRef<PollState<T>>({ value: null, errorText: null, at: null })
  let timer: ReturnType<typeof setTimeout> | undefined
  let round = 0

  function put(value: T): void {
    round += 1
    state.value = { value, errorText: null, at: Date.now() }
  }

  async function refresh(): Promise<void> {
    clearTimeout(timer)
    round += 1
    const mine = round
    try {
      const value = await ask()
      if (mine === round) put(value)
    } catch (error) {
      if (mine === round) state.value = { ...state.value, errorText: describeError(error) }
    }
    clearTimeout(timer)
    timer = setTimeout(() => void tick(), pauseMs(state.value.value))
  }

  async function tick(): Promise<void> {
    if (document.visibilityState === 'visible') await refresh()
    else timer = setTimeout(() => void tick(), pauseMs(state.value.value))
  }

  watch(link, (now) => {
    if (now === 'live') void refresh()
  })
  void refresh()
  return { state, refresh, put }
}
