import type { CustomerHistory } from '../api/types'
import { formatCount } from '../utils/format'

/** The ranges that the chart offers. */
export const HISTORY_RANGES = [
  { hours: 24, label: '24 h', words: 'the last 24 hours' },
  { hours: 7 * 24, label: '7 d', words: 'the last 7 days' },
  { hours: 30 * 24, label: '30 d', words: 'the last 30 days' },
] as const

export type HistoryRange = (typeof HISTORY_RANGES)[number]

/** What the chart draws. */
export interface HistoryChart {
  /** Seconds since 1970. */
  times: number[]
  series: { label: string; values: (number | null)[]; format: (value: number) => string; scale: string }[]
}

/** The most customers at one time, and when that was; null while there were none. */
export interface Peak {
  count: number
  at: string
}

/** Each point shows the most of its time: an outage of a minute stays visible in a month. */
export function historyChart(history: CustomerHistory): HistoryChart {
  const { points, point_s: pointS } = history
  const times: number[] = []
  const without: (number | null)[] = []
  const planned: (number | null)[] = []
  for (const { at, without_service: out, planned_work: work } of points) {
    const time = Date.parse(at) / 1_000
    const last = times.at(-1)
    // Nothing was counted while the appliance was off: the line breaks.
    if (last !== undefined && time - last > pointS) {
      times.push(last + pointS)
      without.push(null)
      planned.push(null)
    }
    times.push(time)
    without.push(out.max)
    planned.push(work.max)
  }
  const series = [{ label: 'Without service', values: without, format: formatWhole, scale: 'customers' }]
  if (planned.some((value) => value !== null && value > 0)) {
    series.push({ label: 'Planned work', values: planned, format: formatWhole, scale: 'customers' })
  }
  return { times, series }
}

export function peakOf(history: CustomerHistory): Peak | null {
  let peak: Peak | null = null
  for (const { at, without_service: out } of history.points) {
    if (out.max > (peak?.count ?? 0)) peak = { count: out.max, at }
  }
  return peak
}

/** Marks of the axis between whole customers have no number. */
function formatWhole(value: number): string {
  return Number.isInteger(value) ? formatCount(value) : ''
}
