import { computed, type ComputedRef, shallowRef, type ShallowRef, watch } from 'vue'
import type { DeviceType, Link } from '../api/types'
import { type BehindLink, behindLink } from '../domain/behindLink'
import { endsOf } from '../stores/links'
import { devices } from '../stores/devices'
import { type ImpactPreview, useImpactPreview } from './useImpactPreview'

const BACKBONE_TYPES: readonly DeviceType[] = ['BACKBONE_GATEWAY', 'CORE_ROUTER', 'EDGE_ROUTER']
/** The answer lists every device: on a larger site, it is asked for a backbone link only on request. */
const DEVICES_MAX = 20_000

export interface BehindLinkState {
  preview: Readonly<ShallowRef<ImpactPreview>>
  /** Null until it is known. */
  value: ComputedRef<BehindLink | null>
  isOnRequest: ComputedRef<boolean>
  request: () => void
}

/** The devices behind a link, from a simulation: of a cut, or while it is DOWN, of its repair. */
export function useBehindLink(link: () => Link): BehindLinkState {
  const isRequested = shallowRef(false)
  const isLarge = computed(() => {
    const ends = endsOf(link())
    if (ends === null || devices.value.size <= DEVICES_MAX) return false
    return [ends.a, ends.b].every(({ type }) => type !== null && BACKBONE_TYPES.includes(type))
  })
  const isOnRequest = computed(() => isLarge.value && !isRequested.value)
  // A string: equal ones request nothing again.
  const step = computed(() => {
    const { id, status } = link()
    return isOnRequest.value ? '' : JSON.stringify({ op: 'update_link', link_id: id, status_override: status === 'DOWN' ? 'UP' : 'DOWN' })
  })
  const preview = useImpactPreview(() => (step.value === '' ? null : [JSON.parse(step.value) as { op: string }]))
  const value = computed(() => (preview.value.phase === 'ready' ? behindLink(preview.value.simulated) : null))
  watch(() => link().id, () => (isRequested.value = false))
  return { preview, value, isOnRequest, request: () => (isRequested.value = true) }
}
