import { expect, test, vi } from 'vitest'
import { shallowRef } from 'vue'
import { newNode, type TopologyNode } from '../model/graph'
import type { Scene } from '../scene/scene'
import { TestNetwork } from '../testing/testNetwork'
import { useCamera } from './useCamera'

vi.mock('../scene/scene', () => ({}))

function nodeAt(x: number, y: number, minScale: number): TopologyNode {
  const network = new TestNetwork()
  const device = network.devices.get(network.device('OLT', { x, y }))
  if (device === undefined) throw new Error('there is no device')
  return Object.assign(newNode(device), { minScale })
}

function open() {
  const moveTo = vi.fn()
  const view = { left: 0, top: 0, right: 100, bottom: 100 }
  const scene = shallowRef({ scale: 1, camera: { scale: 1, view, moveTo } } as unknown as Scene)
  return { moveTo, camera: useCamera(scene) }
}

test('a node in view that is drawn as itself needs no move', () => {
  const { moveTo, camera } = open()
  camera.reveal(nodeAt(50, 50, 0.5))
  expect(moveTo).not.toHaveBeenCalled()
})

test('the camera moves to a node out of view, and closer to a collapsed one', () => {
  const { moveTo, camera } = open()
  const [far, collapsed] = [nodeAt(500, 50, 0.5), nodeAt(50, 50, 2)]
  camera.reveal(far)
  expect(moveTo).toHaveBeenLastCalledWith(far, 1, true)
  camera.reveal(collapsed, false)
  expect(moveTo).toHaveBeenLastCalledWith(collapsed, 2.3, false)
})

test('without a scene there is no view', () => {
  const camera = useCamera(shallowRef(null))
  camera.fit()
  expect(camera.view()).toBeNull()
  expect(camera.size()).toEqual({ width: 0, height: 0 })
})
