import { expect, test } from 'vitest'
import { boundsOf, contains, expand, overlaps } from './geometry'

test('bounds reach the outermost points, and there are none without points', () => {
  const points = [
    { x: 3, y: -2 },
    { x: -1, y: 5 },
  ]
  expect(boundsOf(points)).toEqual({ left: -1, top: -2, right: 3, bottom: 5 })
  expect(boundsOf([])).toBeNull()
})

test('an edge belongs to its rectangle', () => {
  const rect = { left: 0, top: 0, right: 2, bottom: 2 }
  expect(contains(rect, { x: 2, y: 0 })).toBe(true)
  expect(contains(rect, { x: 2.1, y: 0 })).toBe(false)
  expect(contains(expand(rect, 1, 0), { x: 2.1, y: 0 })).toBe(true)
  expect(overlaps(rect, { left: 2, top: 2, right: 3, bottom: 3 })).toBe(true)
  expect(overlaps(rect, { left: 2.1, top: 0, right: 3, bottom: 2 })).toBe(false)
})
