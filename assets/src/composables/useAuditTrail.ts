import { computed, type ComputedRef, onScopeDispose, shallowRef, type ShallowRef, watch } from 'vue'
import { type AuditFilter, type AuditPage, fetchAuditPage } from '../api/audit'
import { describeError } from '../api/http'
import type { AuditRow } from '../api/types'
import { type AuditLine, groupRows } from '../domain/audit'
import { changeCount } from '../live/feed'

const ROWS = 50
/** A storm of changes is shown once it pauses. */
const PAUSE_MS = 1_000
/** Logins and refusals are no changes of the network, which the server tells of. */
const ASK_EVERY_MS = 15_000

export interface AuditTrail {
  rows: Readonly<ShallowRef<readonly AuditRow[]>>
  lines: ComputedRef<AuditLine[]>
  phase: Readonly<ShallowRef<'loading' | 'ready'>>
  errorText: Readonly<ShallowRef<string | null>>
  /** There are no older rows. */
  ended: Readonly<ShallowRef<boolean>>
  busy: Readonly<ShallowRef<boolean>>
  loadNew: () => Promise<void>
  loadOlder: () => Promise<void>
}

/** The rows of the audit trail by a filter, newest first, kept up to date; older ones on demand. */
export function useAuditTrail(filter: () => AuditFilter): AuditTrail {
  const rows = shallowRef<AuditRow[]>([])
  const phase = shallowRef<'loading' | 'ready'>('loading')
  const errorText = shallowRef<string | null>(null)
  const ended = shallowRef(false)
  const busy = shallowRef(false)
  const lines = computed<AuditLine[]>((before) => groupRows(rows.value, before, ended.value))
  let soon: ReturnType<typeof setTimeout> | undefined
  /** An answer to an older filter is of no use. */
  let round = 0
  /** From where on older rows may suit. */
  let nextBefore: number | null = null

  /** Puts what is new before what is there; a hole between them forgets the older ones. */
  async function loadNew(): Promise<void> {
    await load(null, (found) => {
      const newest = rows.value[0]?.id ?? -1
      const at = found.rows.findIndex(({ id }) => id <= newest)
      if (at >= 0) rows.value = [...found.rows.slice(0, at), ...rows.value]
      else if (found.rows.length > 0 || phase.value === 'loading') {
        rows.value = found.rows
        goOnFrom(found)
      }
    })
  }

  async function loadOlder(): Promise<void> {
    await load(nextBefore, (found) => {
      rows.value = [...rows.value, ...found.rows]
      goOnFrom(found)
    })
  }

  function goOnFrom(found: AuditPage): void {
    nextBefore = found.nextBefore
    ended.value = nextBefore === null
  }

  async function load(before: number | null, take: (found: AuditPage) => void): Promise<void> {
    const mine = round
    busy.value = true
    errorText.value = null
    try {
      const found = await fetchAuditPage(ROWS, before, filter())
      if (mine !== round) return
      take(found)
      phase.value = 'ready'
    } catch (error) {
      if (mine !== round) return
      errorText.value = describeError(error)
    }
    busy.value = false
  }

  watch(filter, () => {
    round += 1
    rows.value = []
    nextBefore = null
    ended.value = false
    phase.value = 'loading'
    void loadNew()
  })
  watch(changeCount, () => {
    clearTimeout(soon)
    soon = setTimeout(() => void loadNew(), PAUSE_MS)
  })
  const timer = setInterval(() => {
    if (document.visibilityState === 'visible' && !busy.value) void loadNew()
  }, ASK_EVERY_MS)
  onScopeDispose(() => {
    clearTimeout(soon)
    clearInterval(timer)
  })
  void loadNew()

  return { rows, lines, phase, errorText, ended, busy, loadNew, loadOlder }
}
