import { onScopeDispose, shallowRef, type ShallowRef, watch } from 'vue'
import { describeError } from '../api/http'
import { fetchIncidents } from '../api/incidents'
import type { Incidents } from '../api/types'
import type { IncidentState } from '../domain/incidents'
import { incidents } from '../stores/incidents'

/** Incidents shown at first, and added with each request for more. */
export const INCIDENTS_STEP = 50
/** Most incidents in one answer of the server. */
const INCIDENTS_MAX = 500

export type IncidentListState =
  | { phase: 'loading' }
  | { phase: 'ready'; answer: Incidents; hasMore: boolean; errorText: string | null }
  | { phase: 'failed'; errorText: string }

/** The incidents of one state. They are loaded again whenever one changes. */
export function useIncidentList(state: () => IncidentState): {
  list: Readonly<ShallowRef<IncidentListState>>
  reload: () => Promise<void>
  showMore: () => Promise<void>
} {
  const list = shallowRef<IncidentListState>({ phase: 'loading' })
  let limit = INCIDENTS_STEP
  /** Grows with every request: the answer to an older one is dropped. */
  let round = 0

  async function reload(): Promise<void> {
    round += 1
    const mine = round
    const next = await load()
    if (mine === round) list.value = next
  }

  async function load(): Promise<IncidentListState> {
    const before = list.value
    try {
      const answer = await fetchIncidents(state(), limit)
      const hasMore = answer.incidents.length === limit && limit < INCIDENTS_MAX
      return { phase: 'ready', answer, hasMore, errorText: null }
    } catch (error) {
      const errorText = describeError(error)
      return before.phase === 'ready' ? { ...before, errorText } : { phase: 'failed', errorText }
    }
  }

  async function showMore(): Promise<void> {
    limit = Math.min(limit * 2, INCIDENTS_MAX)
    await reload()
  }

  watch(
    state,
    () => {
      limit = INCIDENTS_STEP
      list.value = { phase: 'loading' }
      void reload()
    },
    { immediate: true },
  )
  watch(incidents, (now) => {
    if (now.phase === 'ready' && now.errorText === null) void reload()
  })
  onScopeDispose(() => (round += 1))
  return { list, reload, showMore }
}
