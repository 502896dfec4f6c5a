import { onScopeDispose, type ShallowRef, shallowRef, watch } from 'vue'
import { ApiError, describeError } from '../api/http'
import { simulate } from '../api/simulate'
import type { Simulated, Simulation } from '../api/types'
import { formatCount } from '../utils/format'

/** What the server accepts in one simulation. */
const CHANGES_MAX = 1_000
/** One request per pause in typing, not one per letter. */
const PAUSE_MS = 200

export type ImpactPreview =
  | { phase: 'idle' }
  /** The answer would be large: it is calculated when someone asks for it. */
  | { phase: 'on-request' }
  | { phase: 'loading' }
  | { phase: 'ready'; simulated: Simulated }
  /** `body`: of the answer that refused it. */
  | { phase: 'failed'; detail: string; body: unknown }

type Changes = Simulation['changes']

export interface ImpactPreviewOptions {
  /** Nothing is calculated before `request()`. */
  isLarge: () => boolean
  /** Otherwise only the counts are known. */
  hasDetails?: () => boolean
  /** The changes are being made: what is shown stays, and nothing is requested, since they cannot be made twice. */
  isUnderWay?: () => boolean
}

export interface ImpactPreviewState {
  preview: Readonly<ShallowRef<ImpactPreview>>
  /** Calculates an impact that is `on-request`, and those after it. */
  request: () => void
}

/**
 * What changes would do, from a simulation on the server. Requested again whenever the changes
 * differ; null requests nothing.
 */
export function useImpactPreview(changes: () => Changes | null, options: ImpactPreviewOptions): ImpactPreviewState {
  const { isLarge, hasDetails = () => true, isUnderWay = () => false } = options
  const preview = shallowRef<ImpactPreview>({ phase: 'idle' })
  const isRequested = shallowRef(false)
  let timer: ReturnType<typeof setTimeout> | undefined
  /** What the preview is of. */
  let shown: { requested: Changes | null; isHeld: boolean } | null = null
  /** Grows with every request: the answer to an older one is dropped. */
  let round = 0

  async function load(requested: Changes): Promise<void> {
    const mine = round
    let next: ImpactPreview
    try {
      next = { phase: 'ready', simulated: await simulate(requested, hasDetails()) }
    } catch (error) {
      next = { phase: 'failed', detail: describeError(error), body: error instanceof ApiError ? error.body : null }
    }
    if (mine === round) preview.value = next
  }

  /** Drops a request that is not answered yet. */
  function drop(): void {
    if (preview.value.phase !== 'loading') return
    clearTimeout(timer)
    round += 1
    shown = null
    preview.value = { phase: 'idle' }
  }

  watch(
    () => ({ requested: changes(), isHeld: isLarge() && !isRequested.value, isStill: isUnderWay() }),
    ({ requested, isHeld, isStill }) => {
      if (isStill) {
        drop()
        return
      }
      if (shown !== null && shown.isHeld === isHeld && isSame(requested, shown.requested)) return
      shown = { requested, isHeld }
      clearTimeout(timer)
      round += 1
      if (requested === null || requested.length === 0) preview.value = { phase: 'idle' }
      else if (requested.length > CHANGES_MAX) {
        preview.value = { phase: 'failed', detail: `More than ${formatCount(CHANGES_MAX)} changes cannot be previewed at once.`, body: null }
      } else if (isHeld) preview.value = { phase: 'on-request' }
      else {
        preview.value = { phase: 'loading' }
        timer = setTimeout(() => void load(requested), PAUSE_MS)
      }
    },
    { immediate: true },
  )
  onScopeDispose(() => {
    clearTimeout(timer)
    round += 1
  })
  return { preview, request: () => (isRequested.value = true) }
}

/** Whether both ask the same. Too many changes to be simulated are not compared one by one. */
function isSame(one: Changes | null, other: Changes | null): boolean {
  if (one !== null && other !== null && Math.min(one.length, other.length) > CHANGES_MAX) return true
  return JSON.stringify(one) === JSON.stringify(other)
}
