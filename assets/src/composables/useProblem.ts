import { onScopeDispose, shallowRef, type ShallowRef, watch } from 'vue'
import { ApiError, describeError } from '../api/http'
import { type Cause, fetchCustomers, fetchProblem } from '../api/problems'
import type { Customer, ProblemDetail } from '../api/types'
import { problems } from '../stores/problems'

/** Customers shown at first, and added with each request for more. */
export const CUSTOMERS_STEP = 100
/** Most customers in one answer of the server. */
export const CUSTOMERS_MAX = 10_000
const NOT_FOUND = 404

export type ProblemPage =
  | { phase: 'loading' }
  | { phase: 'ready'; detail: ProblemDetail; customers: Customer[]; errorText: string | null }
  /** There is no such problem, or it is over; `name` if it was shown before. */
  | { phase: 'over'; name: string | null }
  | { phase: 'failed'; errorText: string }

/** A problem with its first customers. It is loaded again whenever the list of problems is. */
export function useProblem(cause: () => Cause): {
  page: Readonly<ShallowRef<ProblemPage>>
  reload: () => Promise<void>
  /** Shows at least this many customers, as far as there are. */
  showCustomers: (count: number) => Promise<void>
} {
  const page = shallowRef<ProblemPage>({ phase: 'loading' })
  let limit = CUSTOMERS_STEP
  /** Grows with every request: the answer to an older one is dropped. */
  let round = 0

  async function reload(): Promise<void> {
    round += 1
    const mine = round
    const next = await load()
    if (mine === round) page.value = next
  }

  async function load(): Promise<ProblemPage> {
    const [asked, before] = [cause(), page.value]
    try {
      const [detail, customers] = await Promise.all([fetchProblem(asked), fetchCustomers(asked, limit)])
      return { phase: 'ready', detail, customers, errorText: null }
    } catch (error) {
      const name = before.phase === 'ready' ? before.detail.name : before.phase === 'over' ? before.name : null
      if (error instanceof ApiError && error.status === NOT_FOUND) return { phase: 'over', name }
      const errorText = describeError(error)
      return before.phase === 'ready' ? { ...before, errorText } : { phase: 'failed', errorText }
    }
  }

  async function showCustomers(count: number): Promise<void> {
    limit = Math.min(Math.max(limit, count), CUSTOMERS_MAX)
    await reload()
  }

  watch(
    () => `${cause().kind} ${cause().id}`,
    () => {
      limit = CUSTOMERS_STEP
      page.value = { phase: 'loading' }
      void reload()
    },
    { immediate: true },
  )
  watch(problems, (state) => {
    if (state.phase === 'ready' && state.errorText === null) void reload()
  })
  onScopeDispose(() => (round += 1))
  return { page, reload, showCustomers }
}
