import { onScopeDispose, shallowRef, type ShallowRef, watch } from 'vue'
import { fetchCustomerHistory } from '../api/history'
import { describeError } from '../api/http'
import type { CustomerHistory } from '../api/types'
import { connection } from '../live/feed'

/** The server records a value each minute. */
const PAUSE_MS = 60_000

export type HistoryState =
  | { phase: 'loading' }
  | { phase: 'ready'; history: CustomerHistory; errorText: string | null }
  | { phase: 'failed'; errorText: string }

/** The history of the last hours; loaded again each minute while the page is visible, and when the range changes. */
export function useCustomerHistory(hours: () => number): {
  state: Readonly<ShallowRef<HistoryState>>
  reload: () => Promise<void>
} {
  const state = shallowRef<HistoryState>({ phase: 'loading' })
  let timer: ReturnType<typeof setTimeout> | undefined
  /** Grows with every request: the answer to an older one is dropped. */
  let round = 0

  async function reload(): Promise<void> {
    clearTimeout(timer)
    round += 1
    const mine = round
    let next: HistoryState
    try {
      next = { phase: 'ready', history: await fetchCustomerHistory(hours()), errorText: null }
    } catch (error) {
      const [before, errorText] = [state.value, describeError(error)]
      next = before.phase === 'ready' ? { ...before, errorText } : { phase: 'failed', errorText }
    }
    if (mine !== round) return
    state.value = next
    timer = setTimeout(tick, PAUSE_MS)
  }

  function tick(): void {
    if (document.visibilityState === 'visible') void reload()
    else timer = setTimeout(tick, PAUSE_MS)
  }

  watch(hours, () => void reload(), { immediate: true })
  watch(connection, (now) => {
    if (now === 'live') void reload()
  })
  onScopeDispose(() => {
    clearTimeout(timer)
    round += 1
  })
  return { state, reload }
}
