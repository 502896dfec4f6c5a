import { expect, test } from 'vitest'
import { truncateText } from './truncateText'

/** Each letter is 10 pixels wide. */
const context = {
  measureText: (text: string) => ({ width: 10 * [...text].length }),
} as CanvasRenderingContext2D

test('a text that fits stays whole, another one ends with an ellipsis', () => {
  expect(truncateText(context, 'OLT-1', 50)).toBe('OLT-1')
  expect(truncateText(context, 'OLT-12', 50)).toBe('OLT-…')
  expect(truncateText(context, '😀😀😀', 20)).toBe('😀…')
})
