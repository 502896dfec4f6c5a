import { expect, test } from 'vitest'
import { canConnect, connectRefusal } from './linkEnds'
import type { TopologyNode } from './model/graph'
import { TestNetwork } from './testing/testNetwork'

const network = new TestNetwork()
const ids = {
  pop: network.device('POP'),
  olt: network.device('OLT'),
  ont: network.device('ONT'),
  gateway: network.device('BACKBONE_GATEWAY'),
}
const { nodes } = network.build()

function nodeOf(key: keyof typeof ids): TopologyNode {
  const node = nodes.get(ids[key])
  if (node === undefined) throw new Error(`no node ${key}`)
  return node
}

test('a link begins at any device but a container', () => {
  expect(canConnect(null, nodeOf('ont'))).toBe(true)
  expect(connectRefusal(null, nodeOf('pop'))).toBe('A container cannot be the end of a link.')
})

test('the second end needs a rule for the pair', () => {
  expect(canConnect(nodeOf('olt'), nodeOf('ont'))).toBe(true)
  expect(connectRefusal(nodeOf('olt'), nodeOf('gateway'))).toBe(
    'No valid link rule between OLT and BACKBONE_GATEWAY.',
  )
  expect(connectRefusal(nodeOf('olt'), nodeOf('olt'))).toBe('A device cannot be linked to itself.')
})
