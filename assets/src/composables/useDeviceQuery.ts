import { onScopeDispose, type ShallowRef, shallowRef, watch } from 'vue'
import { describeError } from '../api/http'
import type { Device } from '../api/types'

/** A device may change with every batch; one request covers several. */
const PAUSE_MS = 300

export type QueryState<T> =
  | { phase: 'loading' }
  | { phase: 'ready'; value: T }
  | { phase: 'failed'; detail: string }

/** Loads something about a device while enabled, and again when the device changes. */
export function useDeviceQuery<T>(
  device: () => Device,
  isEnabled: () => boolean,
  fetch: (deviceId: number) => Promise<T>,
): { state: Readonly<ShallowRef<QueryState<T>>>; reload: () => void } {
  const state = shallowRef<QueryState<T>>({ phase: 'loading' })
  let timer: ReturnType<typeof setTimeout> | undefined
  /** Grows with every question: the answer to an older one is dropped. */
  let round = 0

  async function load(): Promise<void> {
    clearTimeout(timer)
    timer = undefined
    round += 1
    const mine = round
    let next: QueryState<T>
    try {
      next = { phase: 'ready', value: await fetch(device().id) }
    } catch (error) {
      next = { phase: 'failed', detail: describeError(error) }
    }
    if (mine === round) state.value = next
  }

  function reload(): void {
    state.value = { phase: 'loading' }
    void load()
  }

  function forget(): void {
    clearTimeout(timer)
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
