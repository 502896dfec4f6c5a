import { expect, test } from 'vitest'
import { notices, warn } from './notices'

test('a warning stays until it is read, an answer without one says nothing', () => {
  warn(undefined)
  expect(notices).toEqual([])
  warn(['The name "ont" differs from "ONT" only by case'])
  expect(notices).toMatchObject([
    { text: 'The name "ont" differs from "ONT" only by case.', tone: 'trouble', undo: null },
  ])
})
