import { onScopeDispose, shallowRef, type ShallowRef, watch } from 'vue'
import { fetchCustomerHistory } from '../api/history'
import { describeError } from '../api/http'
import type { CustomerHistory } from '../api/types'
import type { HistoryRange } from '../domain/customerHistory'
import { connection } from '../live/feed'

/** The server records a value each minute. */
const PAUSE_MS = 60_000

export type HistoryState =
  | { phase: 'loading' }
  /** `range`: of this history; another one may have been chosen since. */
  | { phase: 'ready'; history: CustomerHistory; range: HistoryRange; errorText: string | null }
  | { phase: 'failed'; errorText: string }

/** The history of a range; loaded again each minute while the page is visible, and when the range changes. */
export function useCustomerHistory(range: () => HistoryRange): {
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
    const asked = range()
    let next: HistoryState
    try {
      next = { phase: 'ready', history: await fetchCustomerHistory(asked.hours), range: asked, errorText: null }
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

  watch(range, () => void reload(), { immediate: true })
  watch(connection, (now) => {
    if (now === 'live') void reload()
  })
  onScopeDispose(() => {
    clearTimeout(timer)
    round += 1
  })
  return { state, reload }
}
