import { onScopeDispose, shallowRef, type ShallowRef, watch } from 'vue'
import { fetchCheckHistory } from '../api/health'
import { describeError } from '../api/http'
import type { CheckHistory } from '../api/types'

export type CheckHistoryState =
  | { phase: 'loading' }
  | { phase: 'ready'; history: CheckHistory }
  | { phase: 'failed'; errorText: string }

/** The values of a check in the last hours; loaded again when the range changes, and on request. */
export function useCheckHistory(id: string, hours: () => number): {
  state: Readonly<ShallowRef<CheckHistoryState>>
  reload: () => Promise<void>
} {
  const state = shallowRef<CheckHistoryState>({ phase: 'loading' })
  /** Grows with every request: the answer to an older one is dropped. */
  let round = 0

  async function reload(): Promise<void> {
    round += 1
    const mine = round
    let next: CheckHistoryState
    try {
      next = { phase: 'ready', history: await fetchCheckHistory(id, hours()) }
    } catch (error) {
      next = { phase: 'failed', errorText: describeError(error) }
    }
    if (mine === round) state.value = next
  }

  watch(hours, () => void reload(), { immediate: true })
  onScopeDispose(() => (round += 1))
  return { state, reload }
}
