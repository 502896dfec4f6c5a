import { expect, test } from 'vitest'
import type { JobRun } from '../../api/types'
import { runBars, runBarsText } from './runBars'
import { lastFinishedRun, disabledText } from './labels'

function run(id: number, duration_ms: number | null, result: JobRun['result'] = 'ok'): JobRun {
  return { id, trigger: 'schedule', started_at: '', started_local: '', ended_at: null, duration_ms, result, message: null, log: [], report_id: null }
}

const RUNS = [run(4, null, 'running'), run(3, 100), run(2, 400, 'failed'), run(1, 1)]

test('the runs that have ended as bars, oldest first', () => {
  const bars = runBars(RUNS)
  expect(bars.map(({ id, isFailed }) => [id, isFailed])).toEqual([[1, false], [2, true], [3, false]])
  expect(bars[1]?.height).toBe(1)
  expect(bars[0]?.height).toBeGreaterThan(0.05)
})

test('the chart in a sentence', () => {
  const plain = (runs: JobRun[]): string => runBarsText(runs).replaceAll('\u00a0', ' ')
  expect(plain(RUNS)).toBe('The last 3 runs took 1 ms to 400 ms; 1 failed')
  expect(plain([run(1, 100)])).toBe('The last run took 100 ms')
})

test('the last run is one that has ended', () => {
  expect(lastFinishedRun({ runs: RUNS })?.id).toBe(3)
  expect(lastFinishedRun({ runs: [] })).toBeNull()
})

test('a disabled job says what is missing', () => {
  expect(disabledText({ name: 'backup', is_enabled: true })).toBeNull()
  expect(disabledText({ name: 'backup', is_enabled: false })).toBe('Disabled: no backups are made automatically.')
  expect(disabledText({ name: 'report', is_enabled: false })).toBe('Disabled: it does not run automatically.')
})
