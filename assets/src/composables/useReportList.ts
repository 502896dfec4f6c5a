import { onScopeDispose, shallowRef, type ShallowRef, watch } from 'vue'
import { describeError } from '../api/http'
import { fetchReports } from '../api/reports'
import type { ReportHead, ReportKind } from '../api/types'
import { jobs } from '../stores/jobs'

/** Reports shown at first, and added with each request for more. */
export const REPORTS_STEP = 50

export type ReportListState =
  | { phase: 'loading' }
  | { phase: 'ready'; reports: ReportHead[]; hasMore: boolean; errorText: string | null }
  | { phase: 'failed'; errorText: string }

/** The reports of one kind, or of all. They are loaded again after each run of a job. */
export function useReportList(kind: () => ReportKind | null): {
  list: Readonly<ShallowRef<ReportListState>>
  reload: () => Promise<void>
  showMore: () => Promise<void>
} {
  const list = shallowRef<ReportListState>({ phase: 'loading' })
  let limit = REPORTS_STEP
  /** Grows with every request: the answer to an older one is dropped. */
  let round = 0

  async function reload(): Promise<void> {
    round += 1
    const mine = round
    const next = await load(() => mine === round)
    if (mine === round) list.value = next
  }

  async function load(isWanted: () => boolean): Promise<ReportListState> {
    const before = list.value
    try {
      const found = await loadPages(isWanted)
      return { phase: 'ready', ...found, errorText: null }
    } catch (error) {
      const errorText = describeError(error)
      return before.phase === 'ready' ? { ...before, errorText } : { phase: 'failed', errorText }
    }
  }

  async function loadPages(isWanted: () => boolean): Promise<{ reports: ReportHead[]; hasMore: boolean }> {
    const reports: ReportHead[] = []
    let hasMore = true
    while (hasMore && reports.length < limit && isWanted()) {
      const page = await fetchReports(kind(), REPORTS_STEP, reports.at(-1)?.id ?? null)
      reports.push(...page)
      hasMore = page.length === REPORTS_STEP
    }
    return { reports, hasMore }
  }

  async function showMore(): Promise<void> {
    limit += REPORTS_STEP
    await reload()
  }

  watch(
    kind,
    () => {
      limit = REPORTS_STEP
      list.value = { phase: 'loading' }
      void reload()
    },
    { immediate: true },
  )
  watch(
    () => jobs.state.value.value?.jobs.map(({ runs }) => runs[0]?.ended_at ?? '').join(),
    (now, before) => {
      if (before !== undefined && now !== before) void reload()
    },
  )
  onScopeDispose(() => (round += 1))
  return { list, reload, showMore }
}
