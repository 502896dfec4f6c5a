import { getCurrentScope, onScopeDispose, shallowRef, type ShallowRef, watch } from 'vue'
import { describeError } from '../api/http'
import { connection } from '../live/feed'

/** The last response. The value survives a failed request; `errorText` marks it as out of date. */
export interface PollState<T> {
  value: T | null
  errorText: string | null
  /** When the last good response arrived, in milliseconds. */
  at: number | null
}

export interface Poll<T> {
  state: Readonly<ShallowRef<PollState<T>>>
  /** Requests it now. */
  refresh: () => Promise<void>
  /** Replaces the value by one that was received otherwise. */
  put: (value: T) => void
}

/**
 * Requests again `pauseMs` after the last response while the page is visible, and immediately when the
 * connection is back: while the component is there that it is made in, or always in a store.
 */
export function poll<T>(ask: () => Promise<T>, pauseMs: (value: T | null) => number): Poll<T> {
  const state = shallowRef<PollState<T>>({ value: null, errorText: null, at: null })
  let timer: ReturnType<typeof setTimeout> | undefined
  let round = 0
  let hasEnded = false

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
    plan()
  }

  function plan(): void {
    clearTimeout(timer)
    if (!hasEnded) timer = setTimeout(() => void tick(), pauseMs(state.value.value))
  }

  async function tick(): Promise<void> {
    if (document.visibilityState === 'visible') await refresh()
    else plan()
  }

  watch(connection, (now) => {
    if (now === 'live') void refresh()
  })
  if (getCurrentScope() !== undefined) {
    onScopeDispose(() => {
      hasEnded = true
      clearTimeout(timer)
    })
  }
  void refresh()
  return { state, refresh, put }
}
