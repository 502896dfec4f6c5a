import { fetchProblems } from '../api/problems'
import type { Problem } from '../api/types'
import { derivedList, type DerivedState } from './derivedList'

/** The problems by root cause; `openCount` of them alarm, the others are planned work. */
export type ProblemState = DerivedState<Problem, { openCount: number }>

export const {
  state: problems,
  schedule: scheduleProblems,
  load: loadProblems,
} = derivedList(async () => {
  const { count, planned_count: planned, problems: list } = await fetchProblems()
  return { count, list, openCount: count - planned }
})
