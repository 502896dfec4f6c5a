import { expect, test } from 'vitest'
import type { ApplianceCheck, CheckHistory } from '../api/types'
import { checkChart, checkSummary, formatCheckValue, groupChecks, limitText } from './checks'

const CHECK: ApplianceCheck = {
  id: 'store.write',
  group: 'store',
  title: 'Duration of a commit',
  state: 'ok',
  value: 0.4,
  unit: 'ms',
  value_text: '0.4 ms',
  warning: { side: 'above', enter: 250, leave: 150, text: '250 ms' },
  critical: { side: 'above', enter: 2_000, leave: 1_000, text: '2000 ms' },
  since: '2026-11-25T03:00:00Z',
  checked_at: '2026-11-25T03:15:00Z',
  interval_s: 60,
  message: null,
  remedy: null,
}

function history(points: [minute: number, min: number, max: number][]): CheckHistory {
  return {
    from: '2026-11-25T03:00:00Z',
    to: '2026-11-25T04:00:00Z',
    point_s: 60,
    unit: 'ms',
    points: points.map(([minute, min, max]) => ({
      at: `2026-11-25T03:${String(minute).padStart(2, '0')}:00Z`,
      value: { min, max, mean: (min + max) / 2 },
    })),
  }
}

test('checks are grouped in the order of the server, without empty groups', () => {
  const groups = groupChecks([{ ...CHECK, group: 'jobs' }, CHECK, { ...CHECK, id: 'store.read' }])
  expect(groups.map(({ title, checks }) => `${title} ${checks.length}`)).toEqual(['Store 2', 'Jobs 1'])
})

test('the summary counts the states, the worst first', () => {
  const of = (state: ApplianceCheck['state']): ApplianceCheck => ({ ...CHECK, state })
  expect(checkSummary([of('ok'), of('unknown'), of('ok'), of('critical')])).toBe('1 critical, 2 OK, 1 unknown')
})

test('limits say from where they hold', () => {
  expect(limitText(CHECK).replaceAll('\u00a0', ' ')).toBe('Warning from 250 ms, critical from 2000 ms')
  const critical = { side: 'below', enter: 0, leave: 1, text: 'no' } as const
  expect(limitText({ warning: null, critical })).toBe('Critical at or below no')
  expect(limitText({ warning: null, critical: null })).toBe('')
})

test.each<[number, ApplianceCheck['unit'], string]>([
  [1_536, 'bytes', '1.50 KiB'],
  [0.42, 'ms', '0.4 ms'],
  [90, 's', '1 min'],
  [12, '%', '12 %'],
  [0.5, 'count', ''],
  [3, 'count', '3'],
  [1, 'yes/no', 'yes'],
])('%s in %s is %s', (value, unit, expected) => {
  expect(formatCheckValue(value, unit).replaceAll('\u00a0', ' ')).toBe(expected)
})

test('the chart shows the worst value of each time, breaks, and the limit where it is near', () => {
  const chart = checkChart(CHECK, history([[0, 1, 2], [1, 1, 100], [5, 1, 3]]))
  const start = Date.parse('2026-11-25T03:00:00Z') / 1_000
  expect(chart.times.map((time) => time - start)).toEqual([0, 60, 120, 300])
  expect(chart.series.map(({ values }) => values)).toEqual([
    [2, 100, null, 3],
    [250, 250, 250, 250],
  ])
  expect(checkChart(CHECK, history([[0, 1, 2]])).series).toHaveLength(1)
  const below: ApplianceCheck = { ...CHECK, warning: { side: 'below', enter: 10, leave: 12, text: '10' } }
  expect(checkChart(below, history([[0, 8, 20]])).series[0]?.values).toEqual([8])
})
