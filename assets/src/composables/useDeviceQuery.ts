import { onScopeDispose, type ShallowRef, shallowRef, watch } from 'vue'
import { describeError } from '../api/http'
import type { Device } from '../api/types'

/** A device may change with every batch; one request covers several. */
const PAUSE_MS = 300

export type QueryState<T> =
  | { phase: 'loading' }
  /** `errorText`: why it could not be loaded again. */
  | { phase: 'ready'; value: T; errorText: string | null }
  | { phase: 'failed'; detail: string }

/**
 * Loads something about a device while enabled, and again when the device changes. `repeatMs`: and after this pause while
 * the page is visible; what is shown then survives a failure.
 */
export function useDeviceQuery<T>(
  device: () => Device,
  isEnabled: () => boolean,
  fetch: (deviceId: number) => Promise<T>,
  repeatMs?: number,
): { state: Readonly<ShallowRef<QueryState<T>>>; reload: () => void } {
  const state = shallowRef<QueryState<T>>({ phase: 'loading' })
  let timer: ReturnType<typeof setTimeout> | undefined
  let repeatTimer: ReturnType<typeof setTimeout> | undefined
  /** Grows with every question: the answer to an older one is dropped. */
  let round = 0

  async function load(): Promise<void> {
    forget()
    const mine = round
    let next: QueryState<T>
    try {
      next = { phase: 'ready', value: await fetch(device().id), errorText: null }
    } catch (error) {
      const [before, detail] = [state.value, describeError(error)]
      const isKept = repeatMs !== undefined && before.phase === 'ready'
      next = isKept ? { ...before, errorText: detail } : { phase: 'failed', detail }
    }
    if (mine !== round) return
    state.value = next
    if (repeatMs !== undefined) repeatTimer = setTimeout(repeat, repeatMs)
  }

  function repeat(): void {
    if (document.visibilityState === 'visible') void load()
    else repeatTimer = setTimeout(repeat, repeatMs)
  }

  function reload(): void {
    state.value = { phase: 'loading' }
    void load()
  }

  function forget(): void {
    clearTimeout(timer)
    clearTimeout(repeatTimer)
    timer = undefined
    round += 1
  }

  watch(
    [device, isEnabled] as const,
    ([now, enabled], before) => {
      if (!enabled) forget()
      else if (before[0]?.id !== now.id || before[1] !== true) reload()
      else timer ??= setTimeout(() => void load(), PAUSE_MS)
    },
    { immediate: true },
  )
  onScopeDispose(forget)
  return { state, reload }
}
