import { beforeEach, expect, test, vi } from 'vitest'
import { testSession } from '../domain/testing'
import { notices } from '../stores/notices'
import { session } from '../stores/session'
import type { Topology } from './composables/useTopology'
import { handleKey } from './keyboard'

beforeEach(() => {
  session.value = testSession('operator')
  notices.length = 0
})

function press(key: string, more: Partial<KeyboardEvent> = {}) {
  const topology = {
    scene: { value: {} },
    camera: { pan: vi.fn(), zoom: vi.fn(), fit: vi.fn() },
    navigation: { step: vi.fn(), activate: vi.fn(() => true), deleteSelected: vi.fn() },
    tools: { setTool: vi.fn() },
    trace: { toggle: vi.fn(() => false) },
    moves: { undo: vi.fn() },
    escape: vi.fn(() => true),
  }
  const isHandled = handleKey(topology as unknown as Topology, { key, ...more } as KeyboardEvent)
  return { ...topology, isHandled }
}

test('arrow keys go to devices, with Shift they move the camera', () => {
  expect(press('ArrowDown').navigation.step).toHaveBeenCalledWith([0, 1])
  const { camera, navigation } = press('ArrowLeft', { shiftKey: true })
  expect(camera.pan).toHaveBeenCalledWith(-80, 0)
  expect(navigation.step).not.toHaveBeenCalled()
})

test('a key that does nothing is left to the browser', () => {
  expect(press('x').isHandled).toBe(false)
  expect(press('t').isHandled).toBe(false)
  expect(press('t', { altKey: true }).trace.toggle).not.toHaveBeenCalled()
  const copy = press('c', { ctrlKey: true })
  expect(copy.isHandled).toBe(false)
  expect(copy.tools.setTool).not.toHaveBeenCalled()
})

test('Ctrl and Z undo', () => {
  expect(press('z', { ctrlKey: true }).moves.undo).toHaveBeenCalledOnce()
  expect(press('z').isHandled).toBe(false)
})

test('keys that change something say why a viewer may not', () => {
  session.value = testSession('viewer')
  for (const [key, more] of [['c', {}], ['Delete', {}], ['z', { ctrlKey: true }]] as const) {
    const { tools, navigation, moves, isHandled } = press(key, more)
    expect(isHandled).toBe(false)
    for (const run of [tools.setTool, navigation.deleteSelected, moves.undo]) expect(run).not.toHaveBeenCalled()
  }
  expect(notices.map(({ text }) => text)).toContainEqual(expect.stringMatching(/needs the role operator or admin/))
  expect(press('ArrowDown').navigation.step).toHaveBeenCalledOnce()
})
