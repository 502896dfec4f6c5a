import { onScopeDispose, type ShallowRef, shallowRef, watch } from 'vue'
import { describeError } from '../api/http'
import type { Device } from '../api/types'

/** A device may change with every batch; one question answers several. */
const PAUSE_MS = 300

export type Answer<T> =
  | { phase: 'loading' }
  | { phase: 'ready'; value: T }
  | { phase: 'failed'; detail: string }

/** What the server says of a device beside its list: asked while wanted, again when it changes. */
export function useDeviceAnswer<T>(
  device: () => Device,
  wanted: () => boolean,
  ask: (deviceId: number) => Promise<T>,
): { answer: Readonly<ShallowRef<Answer<T>>>; reload: () => void } {
  const answer = shallowRef<Answer<T>>({ phase: 'loading' })
  let timer: ReturnType<typeof setTimeout> | undefined
  /** Grows with every question: an answer to an older one is dropped. */
  let round = 0

  async function load(): Promise<void> {
    clearTimeout(timer)
    timer = undefined
    round += 1
    const mine = round
    let next: Answer<T>
    try {
      next = { phase: 'ready', value: await ask(device().id) }
    } catch (error) {
      next = { phase: 'failed', detail: describeError(error) }
    }
    if (mine === round) answer.value = next
  }

  function reload(): void {
    answer.value = { phase: 'loading' }
    void load()
  }

  function forget(): void {
    clearTimeout(timer)
    timer = undefined
    round += 1
  }

  watch(
    [device, wanted] as const,
    ([now, isWanted], before) => {
      if (!isWanted) forget()
      else if (before[0]?.id !== now.id || before[1] !== true) reload()
      else timer ??= setTimeout(() => void load(), PAUSE_MS)
    },
    { immediate: true },
  )
  onScopeDispose(forget)
  return { answer, reload }
}
