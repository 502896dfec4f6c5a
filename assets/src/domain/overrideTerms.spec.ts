import { expect, test } from 'vitest'
import { overrideTerms } from './overrideTerms'
import { NO_OVERRIDE } from './overrides'

const NOW = new Date(2026, 10, 24, 1, 0).getTime()
const AT_FOUR = new Date(2026, 10, 24, 4, 0).toISOString()

test.each([
  [{ isPlanned: true, endsAt: AT_FOUR }, 'Planned work until today, 04:00'],
  [{ isPlanned: true, endsAt: null }, 'Planned work'],
  [{ isPlanned: false, endsAt: AT_FOUR }, 'Ends today, 04:00'],
  [{ isPlanned: false, endsAt: null }, ''],
])('%o', (terms, text) => {
  expect(overrideTerms({ ...NO_OVERRIDE, ...terms }, NOW)).toBe(text)
})
