import { onScopeDispose, type ShallowRef, shallowRef, watch } from 'vue'
import { describeError } from '../api/http'
import { simulate } from '../api/simulate'
import { behindLink, type Cause, outageStep, parseCause } from '../domain/behindLink'
import { devices } from '../stores/devices'
import { links } from '../stores/links'

export type BehindState =
  | { phase: 'off' }
  | { phase: 'loading' }
  | { phase: 'ready'; ids: readonly number[] }
  | { phase: 'failed'; detail: string }

/**
 * The devices behind a device or link, as they are when it is asked: a simulation of its outage tells. `behind` is
 * the filter of the address.
 */
export function useBehind(behind: () => string, isReady: () => boolean): { state: Readonly<ShallowRef<BehindState>>; reload: () => void } {
  const state = shallowRef<BehindState>({ phase: 'off' })
  /** Grows with every question: the answer to an older one is dropped. */
  let round = 0

  async function load(cause: Cause | null): Promise<void> {
    round += 1
    const mine = round
    state.value = cause === null ? { phase: 'off' } : { phase: 'loading' }
    if (cause === null || !isReady()) return
    let next: BehindState
    try {
      const { devices: found } = behindLink(await simulate([outageStep(cause, isDown(cause))]))
      const others = found.filter(({ id }) => cause.kind === 'link' || id !== cause.id)
      next = { phase: 'ready', ids: others.map(({ id }) => id) }
    } catch (error) {
      next = { phase: 'failed', detail: describeError(error) }
    }
    if (mine === round) state.value = next
  }

  const reload = (): void => void load(parseCause(behind()))
  watch([behind, isReady], reload, { immediate: true })
  onScopeDispose(() => (round += 1))
  return { state, reload }
}

function isDown({ kind, id }: Cause): boolean {
  if (kind === 'link') return links.value.get(id)?.status === 'DOWN'
  return devices.value.get(id)?.effective_status === 'DOWN'
}
