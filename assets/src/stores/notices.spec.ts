import { beforeEach, expect, test, vi } from 'vitest'
import { ApiError } from '../api/http'
import { notices, notify, notifyWarnings, undoNotice } from './notices'

beforeEach(() => void notices.splice(0))

test('a warning stays until it is dismissed; a response without one shows nothing', () => {
  notifyWarnings(undefined)
  expect(notices).toEqual([])
  notifyWarnings(['The name "ont" differs from "ONT" only by case'])
  expect(notices).toMatchObject([
    { text: 'The name "ont" differs from "ONT" only by case.', tone: 'error', undo: null },
  ])
})

test('a change is undone once, and its undo can be undone', async () => {
  const redo = vi.fn(() => Promise.resolve())
  const undo = vi.fn(() => Promise.resolve(redo))
  notify('Updated OLT-1.', undo)
  const notice = notices[0]!
  await undoNotice(notice)
  await undoNotice(notice)
  expect(undo).toHaveBeenCalledTimes(1)
  expect(notices).toMatchObject([{ text: 'Undone: Updated OLT-1.', undo: redo }])
  await undoNotice(notices[0]!)
  expect(notices).toMatchObject([{ text: 'Updated OLT-1.', undo: null }])
})

test('an undo that fails says why', async () => {
  notify('Updated OLT-1.', () => Promise.reject(new ApiError(409, 'It cannot be undone: OLT-1 was deleted meanwhile.')))
  await undoNotice(notices[0]!)
  expect(notices).toMatchObject([
    { text: 'The change was not undone: It cannot be undone: OLT-1 was deleted meanwhile.', tone: 'error' },
  ])
})
