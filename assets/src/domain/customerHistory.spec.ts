import { expect, test } from 'vitest'
import type { CustomerHistory } from '../api/types'
import { historyChart, peakOf } from './customerHistory'

const START = Date.parse('2026-11-29T12:00:00Z')

function values(max: number) {
  return { min: 0, max, mean: max / 2 }
}

/** Points by the minute at which they begin. */
function history(points: Record<number, { out: number; planned?: number }>): CustomerHistory {
  return {
    from: '2026-11-28T12:00:00Z',
    to: '2026-11-29T13:00:00Z',
    point_s: 60,
    points: Object.entries(points).map(([minute, { out, planned = 0 }]) => ({
      at: new Date(START + Number(minute) * 60_000).toISOString(),
      customers: values(100),
      without_service: values(out),
      degraded: values(0),
      planned_work: values(planned),
    })),
  }
}

test('the line breaks while nothing was counted', () => {
  const { times, series } = historyChart(history({ 0: { out: 0 }, 1: { out: 7 }, 60: { out: 2 } }))
  expect(times.map((time) => (time * 1_000 - START) / 60_000)).toEqual([0, 1, 2, 60])
  expect(series.map(({ label, values: drawn }) => [label, drawn])).toEqual([['Without service', [0, 7, null, 2]]])
})

test('planned work is drawn when there was some', () => {
  const { series } = historyChart(history({ 0: { out: 0, planned: 3 }, 1: { out: 1 } }))
  expect(series.map(({ label }) => label)).toEqual(['Without service', 'Planned work'])
  expect(series[1]?.values).toEqual([3, 0])
})

test('the peak is the first of the greatest numbers', () => {
  const peak = peakOf(history({ 0: { out: 1 }, 1: { out: 9 }, 2: { out: 9 } }))
  expect(peak).toEqual({ count: 9, at: '2026-11-29T12:01:00.000Z' })
  expect(peakOf(history({ 0: { out: 0 } }))).toBeNull()
})
