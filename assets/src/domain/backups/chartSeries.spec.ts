import { expect, test } from 'vitest'
import { durationSeries, sizeSeries, timesOf } from './chartSeries'
import { testBackup } from './testing'

const NEWER = testBackup({ taken_at: '2026-11-26T02:15:00Z', bytes: 2_000, verification: null })
const LIST = [NEWER, testBackup()]

test('charts go from the oldest to the newest, with gaps for what was not verified', () => {
  const [from, to] = timesOf(LIST)
  expect((to ?? 0) - (from ?? 0)).toBe(86_400)
  expect(sizeSeries(LIST)[0]?.values).toEqual([1_000, 2_000])
  expect(durationSeries(LIST)[1]?.values).toEqual([300, null])
})
