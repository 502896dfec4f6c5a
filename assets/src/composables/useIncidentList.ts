import { onScopeDispose, shallowRef, type ShallowRef, watch } from 'vue'
import { describeError } from '../api/http'
import { fetchIncidentPage } from '../api/incidents'
import type { Incidents } from '../api/types'
import type { IncidentState } from '../domain/incidents'
import { incidents } from '../stores/incidents'

/** Incidents shown at first, and added with each request for more. */
export const INCIDENTS_STEP = 50
/** Most incidents in one answer of the server. */
const PAGE_MAX = 500

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
    const next = await load(() => mine === round)
    if (mine === round) list.value = next
  }

  async function load(isWanted: () => boolean): Promise<IncidentListState> {
    const before = list.value
    try {
      const found = await loadPages(isWanted)
      return { phase: 'ready', ...found, errorText: null }
    } catch (error) {
      const errorText = describeError(error)
      return before.phase === 'ready' ? { ...before, errorText } : { phase: 'failed', errorText }
    }
  }

  /** The counts are those of the first page. */
  async function loadPages(isWanted: () => boolean): Promise<{ answer: Incidents; hasMore: boolean }> {
    let { answer, next } = await fetchIncidentPage(state(), Math.min(limit, PAGE_MAX), null)
    while (next !== null && answer.incidents.length < limit && isWanted()) {
      const page = await fetchIncidentPage(state(), Math.min(limit - answer.incidents.length, PAGE_MAX), next)
      answer = { ...answer, incidents: [...answer.incidents, ...page.answer.incidents] }
      next = page.next
    }
    return { answer, hasMore: next !== null }
  }

  async function showMore(): Promise<void> {
    limit *= 2
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
