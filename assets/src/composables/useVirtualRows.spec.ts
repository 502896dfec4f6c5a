import { expect, test } from 'vitest'
import { PRINTED_MAX, printedRows, rowsAt } from './useVirtualRows'

test.each([
  [75, { first: 0, end: 75 }],
  [100_000, { first: 0, end: PRINTED_MAX }],
])('paper begins at the first of %i rows', (count, expected) => {
  expect(printedRows(count)).toEqual(expected)
})

test.each([
  [0, { first: 0, end: 46 }],
  [500, { first: 488, end: 534 }],
  [99_999, { first: 99_968, end: 100_000 }],
])('the screen has what is around row %i', (top, expected) => {
  expect(rowsAt(top, 100_000, 20)).toEqual(expected)
})
