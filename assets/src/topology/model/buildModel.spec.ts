import { describe, expect, test } from 'vitest'
import { ponNetwork, TestNetwork } from '../testing/testNetwork'
import { hasProblem, type TopologyModel } from './graph'
import { isVisible, representativeAt, setLevelOfDetail } from './levelOfDetail'
import { treeLayout } from './treeLayout'

function laidOut(network: TestNetwork): TopologyModel {
  const model = network.build()
  for (const [node, point] of treeLayout(model, () => true)) Object.assign(node, point)
  setLevelOfDetail(model)
  return model
}

describe('the tree', () => {
  test('places every device below its neighbour towards the backbone', () => {
    const network = ponNetwork(2, 3)
    const { nodes } = network.build()
    const typesUpwards = (id: number): string[] => {
      const names: string[] = []
      for (let node = nodes.get(id) ?? null; node !== null; node = node.parent) names.push(node.device.device_type)
      return names
    }
    expect(typesUpwards(network.ids['onts']?.[4] ?? 0)).toEqual([
      'ONT',
      'SPLITTER',
      'ODF',
      'OLT',
      'EDGE_ROUTER',
      'CORE_ROUTER',
      'BACKBONE_GATEWAY',
    ])
  })

  test('includes devices that the backbone does not reach', () => {
    const network = new TestNetwork()
    network.link(network.device('OLT'), network.device('ONT'))
    network.device('HOP')
    const { order } = network.build()
    expect(order.map(({ device }) => device.device_type)).toEqual(['OLT', 'ONT', 'HOP'])
  })

  test('ends with a ring of splitters', () => {
    const network = new TestNetwork()
    const [a, b, c] = [1, 2, 3].map(() => network.device('SPLITTER')) as [number, number, number]
    network.link(a, b)
    network.link(b, c)
    network.link(c, a)
    expect(network.build().order).toHaveLength(3)
  })

  test('leaves out a link to an unknown port', () => {
    const network = new TestNetwork()
    network.link(network.device('OLT'), 77)
    expect(network.build().edges.length).toBe(0)
  })
})

describe('groups', () => {
  test('a cascade of splitters is one PON', () => {
    const network = new TestNetwork()
    const [olt, first, second, hop, ont] = (['OLT', 'SPLITTER', 'SPLITTER', 'HOP', 'ONT'] as const).map(
      (type) => network.device(type),
    ) as [number, number, number, number, number]
    network.link(olt, first)
    network.link(first, second)
    network.link(second, hop)
    network.link(hop, ont)
    const { nodes } = network.build()
    for (const id of [second, hop, ont]) expect(nodes.get(id)?.groupHead?.id).toBe(first)
    expect(nodes.get(first)?.counts).toEqual({ devices: 3, leaves: 1, down: 0, degraded: 0 })
  })

  test('an ONT is counted in the container of its PON', () => {
    const network = ponNetwork(2, 4)
    network.setStatus(network.ids['onts']?.[0] ?? 0, 'DOWN')
    const pop = network.build().nodes.get(network.ids['pop']?.[0] ?? 0)
    expect(pop?.counts).toEqual({ devices: 13, leaves: 8, down: 1, degraded: 0 })
  })

  test('parallel links are one edge with the worst status', () => {
    const network = new TestNetwork()
    const [olt, odf] = [network.device('OLT'), network.device('ODF')]
    network.link(olt, odf)
    network.link(odf, olt, 'DOWN')
    const [edge] = network.build().edges
    expect(edge?.links).toHaveLength(2)
    expect(edge?.status).toBe('DOWN')
  })
})

test('no level of detail hides a problem', () => {
  const network = ponNetwork(8, 32)
  const bad = [network.ids['onts']?.[40], network.ids['splitters']?.[5], network.ids['odf']?.[0]].map((id) => id ?? 0)
  for (const id of bad) network.setStatus(id, id === bad[0] ? 'DOWN' : 'DEGRADED')
  const model = laidOut(network)
  for (let scale = 0.002; scale < 4; scale *= 1.07) {
    for (const id of bad) {
      const node = model.nodes.get(id)
      if (node === undefined) throw new Error(`no node ${id}`)
      const shown = representativeAt(node, scale)
      expect(isVisible(shown, scale)).toBe(true)
      expect(hasProblem(shown)).toBe(true)
    }
  }
})

test('zoomed out, a PON is one node, and so is a POP', () => {
  const model = laidOut(ponNetwork(8, 32))
  const drawn = (scale: number): number =>
    [...model.nodes.values()].filter((node) => isVisible(node, scale)).length
  expect(drawn(0.001)).toBe(3)
  expect(drawn(4)).toBe(model.nodes.size - 1)
  const pop = model.containers[0]
  expect(drawn((pop?.expandScale ?? 0) * 1.01)).toBe(2 + 3 + 8)
})

test('of the devices at the origin only the oldest is placed', () => {
  const network = new TestNetwork()
  const first = network.device('CORE_ROUTER')
  const later = network.device('EDGE_ROUTER')
  const elsewhere = network.device('OLT', { x: 5 })
  const { nodes } = network.build()
  expect([first, later, elsewhere].map((id) => nodes.get(id)?.isUnplaced)).toEqual([false, true, false])
})
