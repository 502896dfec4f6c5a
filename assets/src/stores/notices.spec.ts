import { beforeEach, expect, test, vi } from 'vitest'
import { ApiError } from '../api/http'
import { notices, notify, notifyWarnings, undoableChanges, undoChange } from './notices'

beforeEach(() => {
  notices.splice(0)
  undoableChanges.splice(0)
})

test('a warning stays until it is dismissed; a response without one shows nothing', () => {
  notifyWarnings(undefined)
  expect(notices).toEqual([])
  notifyWarnings(['The name "ont" differs from "ONT" only by case'])
  expect(notices).toMatchObject([
    { text: 'The name "ont" differs from "ONT" only by case.', tone: 'error', change: null },
  ])
})

test('a change is undone once, and its notice goes', async () => {
  const undo = vi.fn(() => Promise.resolve())
  notify('Updated OLT-1.', undo)
  const [change] = undoableChanges
  await undoChange(change!)
  await undoChange(change!)
  expect(undo).toHaveBeenCalledTimes(1)
  expect(undoableChanges).toEqual([])
  expect(notices).toMatchObject([{ text: 'Undone: Updated OLT-1.', change: null }])
})

test('an undo that fails says why', async () => {
  notify('Updated OLT-1.', () => Promise.reject(new ApiError(412, 'Someone else has changed it.')))
  await undoChange(undoableChanges[0]!)
  expect(notices).toMatchObject([
    { text: 'The change could not be undone: Someone else has changed it.', tone: 'error' },
  ])
})

test('the latest changes stay undoable after their notices have gone', () => {
  for (let at = 1; at <= 25; at += 1) notify(`Change ${at}.`, () => Promise.resolve())
  notices.splice(0)
  expect(undoableChanges).toHaveLength(20)
  expect(undoableChanges[0]).toMatchObject({ text: 'Change 25.' })
})
