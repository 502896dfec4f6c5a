import { expect, test } from 'vitest'
import { ponNetwork, TestNetwork } from '../testing/testNetwork'
import { LEAF_PITCH } from './layoutBlocks'
import { TIERS } from './tiers'
import { treeLayout } from './treeLayout'

const everything = (): boolean => true

test('the same network gives the same positions', () => {
  const positions = (): unknown[] => [...treeLayout(ponNetwork(5, 20).build(), everything).values()]
  expect(positions()).toEqual(positions())
})

test('every device has a position below its parent, and none covers another', () => {
  const model = ponNetwork(11, 33).build()
  const positions = treeLayout(model, everything)
  expect(positions.size).toBe(model.order.length)
  const cells = new Map<string, string>()
  for (const [node, { x, y }] of positions) {
    const cell = `${Math.round(x / (LEAF_PITCH * 0.6))},${Math.round(y / (LEAF_PITCH * 0.6))}`
    expect(cells.get(cell), `${node.device.name} covers another`).toBeUndefined()
    cells.set(cell, node.device.name)
    if (node.parent === null || TIERS[node.device.device_type] === TIERS.ONT) continue
    expect(positions.get(node.parent)?.y).toBeLessThan(y)
  }
})

test('devices with a position keep it, new ones are placed near their parent', () => {
  const network = new TestNetwork()
  const splitter = network.device('SPLITTER', { x: 500, y: 300 })
  const onts = Array.from({ length: 8 }, () => {
    const ont = network.device('ONT')
    network.link(splitter, ont)
    return ont
  })
  const model = network.build()
  const positions = treeLayout(model, ({ id }) => id !== splitter)
  expect([...positions.keys()].map(({ id }) => id).sort()).toEqual(onts)
  for (const { x, y } of positions.values()) expect(Math.hypot(x - 500, y - 300)).toBeLessThan(120)
})

test('a chain of ten thousand parts is laid out', () => {
  const network = new TestNetwork()
  let last = network.device('OLT')
  for (let part = 0; part < 10_000; part += 1) {
    const next = network.device('HOP')
    network.link(last, next)
    last = next
  }
  expect(treeLayout(network.build(), everything).size).toBe(10_001)
})

test('fifty thousand devices take a fraction of a second', () => {
  const model = ponNetwork(1_500, 32).build()
  // CPU time: the machine may run other programs at the same time.
  const from = process.cpuUsage()
  const positions = treeLayout(model, everything)
  const { user } = process.cpuUsage(from)
  expect(positions.size).toBe(model.order.length)
  expect(user / 1_000).toBeLessThan(600)
})
