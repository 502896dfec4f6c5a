import { computed, type ComputedRef } from 'vue'
import type { Link } from '../api/types'
import { type BehindLink, behindLink, outageStep } from '../domain/behindLink'
import { reachesMany } from '../stores/reach'
import { type ImpactPreviewState, useImpactPreview } from './useImpactPreview'

export interface BehindLinkState extends ImpactPreviewState {
  /** Null until it is known. */
  value: ComputedRef<BehindLink | null>
}

/** The devices behind a link, from a simulation: of a cut, or while it is DOWN, of its repair. */
export function useBehindLink(link: () => Link): BehindLinkState {
  const { preview, request } = useImpactPreview(
    () => [outageStep({ kind: 'link', id: link().id }, link().status === 'DOWN')],
    { isLarge: () => reachesMany([], [link().id]) },
  )
  const value = computed(() => (preview.value.phase === 'ready' ? behindLink(preview.value.simulated) : null))
  return { preview, value, request }
}
