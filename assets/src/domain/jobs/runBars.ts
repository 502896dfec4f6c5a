import type { JobRun } from '../../api/types'
import { formatCount, formatLast, formatMs } from '../../utils/format'

/** A run as a bar of a small chart, 0 to 1 of its height. */
export interface RunBar {
  id: number
  height: number
  isFailed: boolean
  title: string
}

/** So that the quickest run is still a bar. */
const HEIGHT_MIN = 0.08

/** The runs that have ended, oldest first. */
export function runBars(runs: readonly JobRun[]): RunBar[] {
  const ended = runs.filter((run) => run.duration_ms !== null).reverse()
  const longest = Math.max(1, ...ended.map((run) => run.duration_ms ?? 0))
  return ended.map(({ id, result, duration_ms: ms }) => ({
    id,
    height: Math.max(HEIGHT_MIN, (ms ?? 0) / longest),
    isFailed: result !== 'ok',
    title: `${result === 'ok' ? '' : `${result}, `}${formatMs(ms ?? 0)}`,
  }))
}

/** The chart in a sentence. */
export function runBarsText(runs: readonly JobRun[]): string {
  const times = runs.flatMap(({ duration_ms: ms }) => ms ?? [])
  const failed = runs.filter(({ result }) => result === 'failed').length
  const [least, most] = [Math.min(...times), Math.max(...times)]
  const took = least === most ? formatMs(most) : `${formatMs(least)} to ${formatMs(most)}`
  const bad = failed === 0 ? '' : `; ${formatCount(failed)} failed`
  return `The ${formatLast(times.length, 'run')} took ${took}${bad}`
}
