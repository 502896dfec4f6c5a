import { fetchProblems } from '../api/problems'
import type { Problem } from '../api/types'
import { derivedList, type DerivedState } from './derivedList'

/** The problems by root cause. */
export type ProblemState = DerivedState<Problem>

export const {
  state: problems,
  schedule: scheduleProblems,
  load: loadProblems,
} = derivedList(async () => {
  const { count, problems: list } = await fetchProblems()
  return { count, list }
})
