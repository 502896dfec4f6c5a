import { beforeEach, expect, test, vi } from 'vitest'
import { updateDevice } from '../api/devices'
import { ApiError } from '../api/http'
import { notices } from '../stores/notices'
import { applyMove, type Move, undoableMoves, undoLastMove, undoMove } from './positions'

vi.mock('../api/devices', () => ({ updateDevice: vi.fn() }))
vi.mock('../stores/devices', () => ({ devices: { value: new Map([[1, {}]]) } }))

const send = vi.mocked(updateDevice)

beforeEach(() => {
  notices.length = 0
  undoableMoves.length = 0
  send.mockReset()
  send.mockImplementation((id, point) => Promise.resolve({ device: { id, ...point } } as never))
})

function moveOf(text: string): Move {
  return { text, before: new Map([[1, { x: 0, y: 0 }]]), after: new Map([[1, { x: 5, y: 6 }]]) }
}

test('a refused move fails, and so does its undo', async () => {
  send.mockRejectedValue(new ApiError(507, 'No room.'))
  expect(await applyMove(moveOf('one'))).toBe(false)
  expect(await undoLastMove()).toBe(false)
  expect(notices.map(({ text }) => text)).toEqual(Array(2).fill('1\u00a0position not saved: No room.'))
})

test('an undo reverts its own move, not a later one', async () => {
  const [one, two] = [moveOf('one'), moveOf('two')]
  expect(await applyMove(one)).toBe(true)
  expect(await applyMove(two)).toBe(true)
  expect(await undoMove(one)).toBe(false)
  expect(send).toHaveBeenCalledTimes(2)
  expect(await undoMove(two)).toBe(true)
  expect(await undoMove(one)).toBe(true)
  expect(send).toHaveBeenLastCalledWith(1, { x: 0, y: 0 })
  expect(await undoMove(one)).toBe(false)
  expect(notices).toMatchObject([
    { text: 'This move cannot be undone: devices were moved after it.', tone: 'error' },
    { text: 'This move is already undone.', tone: 'error' },
  ])
})
