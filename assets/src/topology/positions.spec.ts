import { beforeEach, expect, test, vi } from 'vitest'
import { postUndo } from '../api/audit'
import { updateDevice } from '../api/devices'
import { ApiError } from '../api/http'
import { notices } from '../stores/notices'
import { applyMove, type Move, undoableMoves, undoLastMove } from './positions'

vi.mock('../api/audit', () => ({ postUndo: vi.fn() }))
vi.mock('../api/devices', () => ({ updateDevice: vi.fn() }))
vi.mock('../stores/devices', () => ({ devices: { value: new Map([[1, {}]]) } }))

const send = vi.mocked(updateDevice)
const undo = vi.mocked(postUndo)

beforeEach(() => {
  notices.length = 0
  undoableMoves.length = 0
  send.mockReset()
  undo.mockReset()
  send.mockImplementation((id, point) => Promise.resolve({ device: { id, ...point } } as never))
})

function moveOf(text: string): Move {
  return { text, after: new Map([[1, { x: 5, y: 6 }]]) }
}

test('a refused move says so', async () => {
  send.mockRejectedValue(new ApiError(507, 'No room.'))
  expect(await applyMove(moveOf('one'))).toBeNull()
  expect(notices.map(({ text }) => text)).toEqual(['1\u00a0position not saved: No room.'])
})

test('moves are undone by the server, the last one first, each once', async () => {
  const one = await applyMove(moveOf('one'))
  await applyMove(moveOf('two'))
  const ids = send.mock.calls.map(([, , id]) => id)
  expect(await undoLastMove()).toBe(true)
  expect(undo).toHaveBeenLastCalledWith({ request_id: ids[1] }, expect.any(String))
  await one?.undo()
  expect(undo).toHaveBeenLastCalledWith({ request_id: ids[0] }, expect.any(String))
  expect(await undoLastMove()).toBe(false)
  expect(undo).toHaveBeenCalledTimes(2)
})

test('a refused undo says why', async () => {
  await applyMove(moveOf('one'))
  undo.mockRejectedValue(new ApiError(409, 'It cannot be undone: OLT-1 was deleted meanwhile.'))
  expect(await undoLastMove()).toBe(false)
  expect(notices.map(({ text }) => text)).toEqual([
    'The move was not undone: It cannot be undone: OLT-1 was deleted meanwhile.',
  ])
})
