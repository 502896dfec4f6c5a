import { expect, test } from 'vitest'
import { TestNetwork } from '../testing/testNetwork'
import { SpatialIndex } from './spatialIndex'

function row(): { index: SpatialIndex; at: (id: number) => { x: number; y: number } } {
  const network = new TestNetwork()
  for (const [x, y] of [
    [0, 0],
    [300, 20],
    [300, 400],
    [-900, 0],
  ] as const) {
    network.device('OLT', { x, y })
  }
  const { nodes } = network.build()
  const index = new SpatialIndex()
  for (const node of nodes.values()) index.put(node)
  return {
    index,
    at: (id) => {
      const node = nodes.get(id)
      if (node === undefined) throw new Error(`no node ${id}`)
      return node
    },
  }
}

test('finds the nearest node within reach', () => {
  const { index } = row()
  expect(index.nodeAt({ x: 10, y: 5 }, 1)?.id).toBe(1)
  expect(index.nodeAt({ x: 150, y: 0 }, 1)).toBeNull()
  // Zoomed out, the icon is larger in world units.
  expect(index.nodeAt({ x: 80, y: 0 }, 0.1)?.id).toBe(1)
})

test('finds a moved node at its new position', () => {
  const { index, at } = row()
  const node = index.nodeAt({ x: 0, y: 0 }, 1)
  if (node === null) throw new Error('there is no node')
  Object.assign(at(1), { x: 5_000, y: 5_000 })
  index.put(node)
  expect(index.nodeAt({ x: 0, y: 0 }, 1)).toBeNull()
  expect(index.nodeAt({ x: 5_000, y: 5_000 }, 1)?.id).toBe(1)
})

test('finds the nearest node in a direction', () => {
  const { index } = row()
  const from = index.nodeAt({ x: 0, y: 0 }, 1)
  if (from === null) throw new Error('there is no node')
  expect(index.nearestTowards(from, [1, 0], 1)?.id).toBe(2)
  expect(index.nearestTowards(from, [-1, 0], 1)?.id).toBe(4)
  expect(index.nearestTowards(from, [0, 1], 1)?.id).toBe(3)
  expect(index.nearestTowards(from, [0, -1], 1)).toBeNull()
})

test('finds the nodes in a rectangle', () => {
  const { index } = row()
  const inside = [...index.within({ left: -10, top: -10, right: 310, bottom: 100 })]
  expect(inside.map(({ id }) => id)).toEqual([1, 2])
})
