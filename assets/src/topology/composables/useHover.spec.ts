import { expect, test, vi } from 'vitest'
import { effectScope, shallowRef } from 'vue'
import type { TopologyModel, TopologyNode } from '../model/graph'
import type { Scene } from '../scene/scene'
import { ponNetwork } from '../testing/testNetwork'
import { useHover } from './useHover'

vi.mock('../scene/scene', () => ({}))

const AT = { x: 10, y: 20 }

function open() {
  const network = ponNetwork(1, 2)
  const model = shallowRef<TopologyModel | null>(network.build())
  const setHighlight = vi.fn()
  const scene = shallowRef({ scale: 1, setHighlight } as unknown as Scene)
  const frameCount = shallowRef(0)
  const hover = effectScope().run(() => useHover(scene, model, frameCount))
  const [id = 0] = network.ids['onts'] ?? []
  const node = model.value?.nodes.get(id)
  if (hover === undefined || node === undefined) throw new Error('there is no node')
  const isHighlighted = (expected: TopologyNode | null): void =>
    expect(setHighlight).toHaveBeenLastCalledWith({ hovered: expected })
  return { network, model, scene, frameCount, hover, node, isHighlighted }
}

test('a new model keeps the hover, on its own node', () => {
  const { network, model, hover, node, isHighlighted } = open()
  hover.hover(node, AT)
  isHighlighted(node)
  model.value = network.build()
  const next = model.value.nodes.get(node.id)
  expect(next).not.toBe(node)
  expect(hover.hovered.value).toEqual({ node: next, at: AT })
  isHighlighted(next ?? null)
})

test('a node that is collapsed into its group is no longer hovered', () => {
  const { frameCount, hover, node, isHighlighted } = open()
  hover.hover(node, AT)
  frameCount.value += 1
  expect(hover.hovered.value?.node).toBe(node)
  node.minScale = 2
  frameCount.value += 1
  expect(hover.hovered.value).toBeNull()
  isHighlighted(null)
})

test('a hidden card comes back with the next move of the mouse', () => {
  const { hover, node, isHighlighted } = open()
  hover.hover(node, AT)
  hover.hideCard()
  expect(hover.hovered.value).toBeNull()
  isHighlighted(node)
  hover.hover(node, { x: 11, y: 20 })
  expect(hover.hovered.value).toEqual({ node, at: { x: 11, y: 20 } })
})
