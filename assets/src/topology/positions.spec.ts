import { beforeEach, expect, test, vi } from 'vitest'
import { updateDevice } from '../api/devices'
import { ApiError } from '../api/http'
import { notices } from '../stores/notices'
import { history, move, type Move, takeBack, undo } from './positions'

vi.mock('../api/devices', () => ({ updateDevice: vi.fn() }))
vi.mock('../stores/devices', () => ({ devices: { value: new Map([[1, {}]]) } }))

const send = vi.mocked(updateDevice)

beforeEach(() => {
  notices.length = 0
  history.undoable.length = 0
  send.mockReset()
  send.mockImplementation((id, point) => Promise.resolve({ device: { id, ...point } } as never))
})

function step(text: string): Move {
  return { text, before: new Map([[1, { x: 0, y: 0 }]]), after: new Map([[1, { x: 5, y: 6 }]]) }
}

test('a move that is refused is not told as done, nor is its undo', async () => {
  send.mockRejectedValue(new ApiError(507, 'No room.'))
  expect(await move(step('one'))).toBe(false)
  expect(await undo()).toBe(false)
  expect(notices.map(({ text }) => text)).toEqual(Array(2).fill('1\u00a0position not saved: No room.'))
})

test('an undo takes back its own step, not a later one', async () => {
  const [one, two] = [step('one'), step('two')]
  expect(await move(one)).toBe(true)
  expect(await move(two)).toBe(true)
  expect(await takeBack(one)).toBe(false)
  expect(notices).toMatchObject([{ text: 'Something was moved since.', tone: 'error' }])
  expect(send).toHaveBeenCalledTimes(2)
  expect(await takeBack(two)).toBe(true)
  expect(await takeBack(one)).toBe(true)
  expect(send).toHaveBeenLastCalledWith(1, { x: 0, y: 0 })
})
