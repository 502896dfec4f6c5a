import { expect, test } from 'vitest'
import { describeGroup, describeNode } from './describe'
import type { TopologyNode } from './model/graph'
import { ponNetwork, type TestNetwork } from './testing/testNetwork'

function nodeOf(network: TestNetwork, id = 0): TopologyNode {
  const node = network.build().nodes.get(id)
  if (node === undefined) throw new Error(`no node ${id}`)
  return node
}

test('a device is described by its status and its neighbours', () => {
  const network = ponNetwork(1, 2)
  const [ont] = network.ids['onts'] ?? []
  network.setStatus(ont ?? 0, 'DOWN')
  expect(describeNode(nodeOf(network, ont))).toBe(`ONT-${ont}, ONT, DOWN, 1\u00a0neighbour, not placed yet.`)
})

test('a group is described by its subscribers and those with a problem', () => {
  const network = ponNetwork(1, 3)
  const [first = 0, second = 0] = network.ids['onts'] ?? []
  network.setStatus(first, 'DOWN')
  network.setStatus(second, 'DEGRADED')
  const [splitter] = network.ids['splitters'] ?? []
  expect(describeGroup(nodeOf(network, splitter))).toBe('3\u00a0subscribers, 1 down, 1 degraded')
})
