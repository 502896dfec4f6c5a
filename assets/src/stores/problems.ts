import { shallowRef } from 'vue'
import { describeError } from '../api/http'
import { fetchProblems } from '../api/problems'
import type { Problem } from '../api/types'

/** A cut arrives as several batches: one request covers them all. */
const PAUSE_MS_MIN = 300
/** During a storm of changes, requests may take one sixth of the time. */
const REST_FACTOR = 5
const RETRY_MS = 5_000

/** The problems by root cause. The list survives a failed refetch; `errorText` marks it as out of date. */
export type ProblemState =
  | { phase: 'loading' }
  | { phase: 'ready'; count: number; list: Problem[]; errorText: string | null }
  | { phase: 'failed'; errorText: string }

export const problems = shallowRef<ProblemState>({ phase: 'loading' })

let timer: ReturnType<typeof setTimeout> | undefined
let busy = false
/** Something changed while a request was in flight. */
let again = false
let pauseMs = PAUSE_MS_MIN

/** Loads soon; calls until then are merged. */
export function scheduleProblems(): void {
  if (busy) again = true
  else timer ??= setTimeout(() => void loadProblems(), pauseMs)
}

/** Loads now. */
export async function loadProblems(): Promise<void> {
  if (busy) {
    again = true
    return
  }
  clearTimeout(timer)
  timer = undefined
  busy = true
  again = false
  const from = performance.now()
  let failed = false
  try {
    const { count, problems: list } = await fetchProblems()
    problems.value = { phase: 'ready', count, list, errorText: null }
  } catch (error) {
    failed = true
    const errorText = describeError(error)
    const before = problems.value
    problems.value =
      before.phase === 'ready' ? { ...before, errorText } : { phase: 'failed', errorText }
  }
  busy = false
  pauseMs = Math.max(PAUSE_MS_MIN, (performance.now() - from) * REST_FACTOR)
  if (failed) timer = setTimeout(() => void loadProblems(), RETRY_MS)
  else if (again) scheduleProblems()
}
