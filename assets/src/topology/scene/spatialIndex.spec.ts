import { expect, test } from 'vitest'
import { TestSite } from '../testing/testNetwork'
import { SpotIndex } from './spatialIndex'

function row(): { index: SpotIndex; at: (id: number) => { x: number; y: number } } {
  const site = new TestSite()
  for (const [x, y] of [
    [0, 0],
    [300, 20],
    [300, 400],
    [-900, 0],
  ] as const) {
    site.device('OLT', { x, y })
  }
  const { spots } = site.build()
  const index = new SpotIndex()
  for (const spot of spots.values()) index.put(spot)
  return {
    index,
    at: (id) => {
      const spot = spots.get(id)
      if (spot === undefined) throw new Error(`no device ${id}`)
      return spot
    },
  }
}

test('a click finds the nearest device within reach', () => {
  const { index } = row()
  expect(index.at(10, 5, 1)?.id).toBe(1)
  expect(index.at(150, 0, 1)).toBeNull()
  // From afar, the icon is wider in world units.
  expect(index.at(80, 0, 0.1)?.id).toBe(1)
})

test('a moved device is found where it stands now', () => {
  const { index, at } = row()
  const spot = index.at(0, 0, 1)
  if (spot === null) throw new Error('it is there')
  Object.assign(at(1), { x: 5_000, y: 5_000 })
  index.put(spot)
  expect(index.at(0, 0, 1)).toBeNull()
  expect(index.at(5_000, 5_000, 1)?.id).toBe(1)
})

test('an arrow key goes to the nearest device in its direction', () => {
  const { index } = row()
  const from = index.at(0, 0, 1)
  if (from === null) throw new Error('it is there')
  expect(index.towards(from, [1, 0], 1)?.id).toBe(2)
  expect(index.towards(from, [-1, 0], 1)?.id).toBe(4)
  expect(index.towards(from, [0, 1], 1)?.id).toBe(3)
  expect(index.towards(from, [0, -1], 1)).toBeNull()
})

test('a box holds what is inside of it', () => {
  const { index } = row()
  const inside = [...index.within({ left: -10, top: -10, right: 310, bottom: 100 })]
  expect(inside.map(({ id }) => id)).toEqual([1, 2])
})
