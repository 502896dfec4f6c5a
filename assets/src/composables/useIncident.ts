import { onScopeDispose, shallowRef, type ShallowRef, watch } from 'vue'
import { ApiError, describeError } from '../api/http'
import { fetchIncident } from '../api/incidents'
import type { IncidentDetail } from '../api/types'
import { incidents } from '../stores/incidents'

const NOT_FOUND = 404

export type IncidentPage =
  | { phase: 'loading' }
  | { phase: 'ready'; incident: IncidentDetail; errorText: string | null }
  | { phase: 'missing' }
  | { phase: 'failed'; errorText: string }

/** An incident with its timeline. It is loaded again whenever one changes. */
export function useIncident(id: () => number): {
  page: Readonly<ShallowRef<IncidentPage>>
  reload: () => Promise<void>
} {
  const page = shallowRef<IncidentPage>({ phase: 'loading' })
  /** Grows with every request: the answer to an older one is dropped. */
  let round = 0

  async function reload(): Promise<void> {
    round += 1
    const mine = round
    const next = await load()
    if (mine === round) page.value = next
  }

  async function load(): Promise<IncidentPage> {
    const before = page.value
    try {
      return { phase: 'ready', incident: await fetchIncident(id()), errorText: null }
    } catch (error) {
      if (error instanceof ApiError && error.status === NOT_FOUND) return { phase: 'missing' }
      const errorText = describeError(error)
      return before.phase === 'ready' ? { ...before, errorText } : { phase: 'failed', errorText }
    }
  }

  watch(
    id,
    () => {
      page.value = { phase: 'loading' }
      void reload()
    },
    { immediate: true },
  )
  watch(incidents, (state) => {
    if (state.phase === 'ready' && state.errorText === null) void reload()
  })
  onScopeDispose(() => (round += 1))
  return { page, reload }
}
