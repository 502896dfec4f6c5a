import { computed, type ComputedRef, onBeforeUnmount, shallowRef, type ShallowRef, watch } from 'vue'
import { fetchLogs, type LogFilter } from '../api/logs'
import { describeError } from '../api/http'
import type { LogLine } from '../api/types'
import { LINES_KEPT_MAX, matches, newerThan } from '../domain/logLines'
import { followLog } from '../live/feed'

/** Lines that are fetched at a time. */
const PAGE_LINES = 1_000

export interface LogTail {
  /** Oldest first. */
  lines: Readonly<ShallowRef<readonly LogLine[]>>
  phase: Readonly<ShallowRef<'loading' | 'ready' | 'failed'>>
  errorText: Readonly<ShallowRef<string | null>>
  /** Since when the log in memory is complete; null before the first answer. */
  completeSince: Readonly<ShallowRef<string | null>>
  hasOlder: ComputedRef<boolean>
  /** Lines that were logged faster than they could be sent. */
  missed: Readonly<ShallowRef<number>>
  /** Fetches the lines before the first one; returns how many came. */
  loadOlder: () => Promise<number>
  reload: () => Promise<void>
}

/** The lines of the log that match a filter, and new ones as they are logged. */
export function useLogTail(filter: () => LogFilter): LogTail {
  const lines = shallowRef<readonly LogLine[]>([])
  const phase = shallowRef<'loading' | 'ready' | 'failed'>('loading')
  const errorText = shallowRef<string | null>(null)
  const completeSince = shallowRef<string | null>(null)
  const nextBefore = shallowRef<number | null>(null)
  const missed = shallowRef(0)
  /** Lines that come while a page is fetched; null otherwise. */
  let waiting: LogLine[] | null = null
  let round = 0
  let isLoadingOlder = false

  /** With `isContinued`, lines that are there stay, unless some are missing between them and the page. */
  async function reload(isContinued = false): Promise<void> {
    round += 1
    const mine = round
    waiting = []
    errorText.value = null
    try {
      const page = await fetchLogs(filter(), PAGE_LINES, null)
      if (mine !== round) return
      const fetched = page.lines.reverse()
      const last = lines.value.at(-1)?.id
      const joins = last !== undefined && (page.next_before === null || (fetched[0]?.id ?? 0) <= last)
      const before = isContinued && joins ? lines.value : []
      const known = [...before, ...newerThan(before, fetched)]
      lines.value = [...known, ...newerThan(known, waiting)].slice(-LINES_KEPT_MAX)
      if (before.length === 0) nextBefore.value = page.next_before
      completeSince.value = page.complete_since
      if (!isContinued) missed.value = 0
      phase.value = 'ready'
    } catch (error) {
      if (mine !== round) return
      errorText.value = describeError(error)
      if (phase.value === 'loading') phase.value = 'failed'
    }
    waiting = null
  }

  async function loadOlder(): Promise<number> {
    const before = nextBefore.value
    if (before === null || isLoadingOlder || lines.value.length >= LINES_KEPT_MAX) return 0
    isLoadingOlder = true
    const mine = round
    let count = 0
    try {
      const page = await fetchLogs(filter(), PAGE_LINES, before)
      if (mine === round) {
        count = page.lines.length
        lines.value = [...page.lines.reverse(), ...lines.value]
        nextBefore.value = page.next_before
        errorText.value = null
      }
    } catch (error) {
      if (mine === round) errorText.value = describeError(error)
    }
    isLoadingOlder = false
    return count
  }

  function take(batch: readonly LogLine[]): void {
    const wanted = batch.filter((line) => matches(filter(), line))
    if (waiting !== null) {
      waiting.push(...wanted)
      return
    }
    const fresh = newerThan(lines.value, wanted)
    if (fresh.length > 0) lines.value = [...lines.value, ...fresh].slice(-LINES_KEPT_MAX)
  }

  const unfollow = followLog({
    // What was logged before, and while the connection was lost, is fetched.
    following: () => void reload(true),
    lines: (batch) => {
      missed.value += batch.missed
      take(batch.lines)
    },
    refused: (detail) => (errorText.value = `New lines do not come by themselves: ${detail}.`),
  })
  onBeforeUnmount(unfollow)
  watch(filter, () => void reload())
  void reload()

  const hasOlder = computed(() => nextBefore.value !== null && lines.value.length < LINES_KEPT_MAX)
  return { lines, phase, errorText, completeSince, hasOlder, missed, loadOlder, reload: () => reload() }
}
