import { computed, type ComputedRef, shallowRef, type ShallowRef } from 'vue'
import type { Simulation } from '../api/types'
import { type Impact, impactOf, isTypedConfirmation } from '../domain/impact'
import { type ImpactPreviewState, useImpactPreview } from './useImpactPreview'

/** The forecast of a change, and its confirmation. `components/impact/ImpactSection.vue` shows both. */
export interface ChangeImpact extends ImpactPreviewState {
  /** Null until it is known. */
  impact: ComputedRef<Impact | null>
  isTyped: ComputedRef<boolean>
  /** What has to be typed: the name of the thing. */
  phrase: string
  typed: ShallowRef<string>
  isDeletion: boolean
  /** The change may be sent: its impact is shown, or cannot be, and it is confirmed. */
  isConfirmed: ComputedRef<boolean>
}

export interface ChangeToForecast {
  /** The steps of the simulation; null while there is nothing to forecast. */
  steps: () => Simulation['changes'] | null
  /** The change is being made. */
  isUnderWay: () => boolean
  phrase: string
  /** How many devices or links are changed. */
  count?: number
  isDeletion?: boolean
  /** The answer may list most devices of a large site. */
  isLarge?: () => boolean
}

/**
 * A change of more devices or links than this is forecast by its counts: every one that changes would be sent as it is
 * before and after.
 */
const DETAILED_MAX = 2_000

/** Forecasts a change that can take service away. */
export function useChangeImpact(change: ChangeToForecast): ChangeImpact {
  const { count = 1, isDeletion = false, isLarge = () => false, isUnderWay, phrase } = change
  const hasDetails = (): boolean => count <= DETAILED_MAX && !isLarge()
  const { preview, request } = useImpactPreview(change.steps, { isLarge, hasDetails, isUnderWay })
  const typed = shallowRef('')
  const impact = computed(() => (preview.value.phase === 'ready' ? impactOf(preview.value.simulated) : null))
  const isTyped = computed(() => {
    const { phase } = preview.value
    if (phase === 'idle') return false
    // The field of a deletion is there from the beginning, so that it has the focus.
    if (phase === 'loading') return isDeletion
    return phase === 'on-request' || isTypedConfirmation(impact.value, { count, isDeletion })
  })
  const isConfirmed = computed(
    () => preview.value.phase !== 'loading' && (!isTyped.value || isSamePhrase(typed.value, phrase)),
  )
  return { preview, request, impact, isTyped, phrase, typed, isDeletion, isConfirmed }
}

/** A keyboard has no dash, only a hyphen. */
function isSamePhrase(typed: string, phrase: string): boolean {
  const [one, other] = [typed, phrase].map((text) => text.trim().replaceAll(/\s*[-\u2010-\u2015]\s*/g, '-'))
  return one === other
}
