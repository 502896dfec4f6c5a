import { onScopeDispose, type ShallowRef, shallowRef, watch } from 'vue'
import { detailOf } from '../api/http'
import { simulate } from '../api/simulate'
import type { Simulated, Simulation } from '../api/types'

/** What the server takes in one simulation. */
const STEPS_MAX = 1_000
/** Typing should not ask once per letter. */
const PAUSE_MS = 200

export type Foresight =
  | { phase: 'none' }
  | { phase: 'asking' }
  | { phase: 'known'; simulated: Simulated }
  | { phase: 'unknown'; detail: string }

type Steps = Simulation['changes']

/**
 * What changes would do, from a simulation on the server. Asked anew whenever the steps change;
 * null steps ask nothing.
 */
export function useForesight(steps: () => Steps | null): Readonly<ShallowRef<Foresight>> {
  const foresight = shallowRef<Foresight>({ phase: 'none' })
  let timer: ReturnType<typeof setTimeout> | undefined
  let round = 0

  async function ask(changes: Steps): Promise<void> {
    const mine = round
    let next: Foresight
    try {
      next = { phase: 'known', simulated: await simulate(changes) }
    } catch (error) {
      next = { phase: 'unknown', detail: detailOf(error) }
    }
    if (mine === round) foresight.value = next
  }

  watch(
    steps,
    (changes) => {
      clearTimeout(timer)
      round += 1
      if (changes === null || changes.length === 0) foresight.value = { phase: 'none' }
      else if (changes.length > STEPS_MAX) {
        foresight.value = { phase: 'unknown', detail: 'Too many devices to preview at once.' }
      } else {
        foresight.value = { phase: 'asking' }
        timer = setTimeout(() => void ask(changes), PAUSE_MS)
      }
    },
    { immediate: true },
  )
  onScopeDispose(() => {
    clearTimeout(timer)
    round += 1
  })
  return foresight
}
