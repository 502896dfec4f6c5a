import { onScopeDispose, shallowRef, type ShallowRef, watch } from 'vue'
import { ApiError, describeError } from '../api/http'
import { fetchReport } from '../api/reports'
import type { Report } from '../api/types'

const NOT_FOUND = 404

export type ReportPage =
  | { phase: 'loading' }
  | { phase: 'ready'; report: Report }
  | { phase: 'missing' }
  | { phase: 'failed'; errorText: string }

/** A report, which never changes: it is loaded once. */
export function useReport(id: () => number): { page: Readonly<ShallowRef<ReportPage>>; reload: () => Promise<void> } {
  const page = shallowRef<ReportPage>({ phase: 'loading' })
  /** Grows with every request: the answer to an older one is dropped. */
  let round = 0

  async function reload(): Promise<void> {
    round += 1
    const mine = round
    page.value = { phase: 'loading' }
    const next = await load()
    if (mine === round) page.value = next
  }

  async function load(): Promise<ReportPage> {
    try {
      return { phase: 'ready', report: await fetchReport(id()) }
    } catch (error) {
      if (error instanceof ApiError && error.status === NOT_FOUND) return { phase: 'missing' }
      return { phase: 'failed', errorText: describeError(error) }
    }
  }

  watch(id, () => void reload(), { immediate: true })
  onScopeDispose(() => (round += 1))
  return { page, reload }
}
