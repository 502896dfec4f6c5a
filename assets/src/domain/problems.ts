import type { Problem } from '../api/types'

const SEVERITIES = ['critical', 'major', 'minor']

/**
 * The problem that matters most: of the worst severity, the one with the most subscribers, then
 * the most devices; of equals, the oldest. Null where there is none.
 */
export function largestProblem(problems: readonly Problem[]): Problem | null {
  return problems.reduce<Problem | null>(
    (largest, each) => (largest === null || isLarger(each, largest) ? each : largest),
    null,
  )
}

function isLarger(one: Problem, other: Problem): boolean {
  const differences = [
    rank(other) - rank(one),
    one.leaf_count - other.leaf_count,
    one.device_count - other.device_count,
    Date.parse(other.since) - Date.parse(one.since),
  ]
  return (differences.find((each) => each !== 0) ?? 0) > 0
}

/** 0 is the worst; a severity that this page does not know comes last. */
function rank({ severity }: Problem): number {
  const at = SEVERITIES.indexOf(severity)
  return at < 0 ? SEVERITIES.length : at
}
