import { expect, test } from 'vitest'
import { notices, notifyWarnings } from './notices'

test('a warning stays until it is dismissed; a response without one shows nothing', () => {
  notifyWarnings(undefined)
  expect(notices).toEqual([])
  notifyWarnings(['The name "ont" differs from "ONT" only by case'])
  expect(notices).toMatchObject([
    { text: 'The name "ont" differs from "ONT" only by case.', tone: 'error', undo: null },
  ])
})
