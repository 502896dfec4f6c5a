import { expect, test } from 'vitest'
import { clampMargin, marginPercent } from './opticalMargin'

test.each([
  [-40, -3, 0],
  [-3, -3, 0],
  [6, 6, 50],
  [15, 15, 100],
  [23.5, 15, 100],
])('%d dB is clamped to %d and drawn at %d %%', (margin, clamped, percent) => {
  expect(clampMargin(margin)).toBe(clamped)
  expect(marginPercent(margin)).toBe(percent)
})
