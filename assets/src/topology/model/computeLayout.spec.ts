import { expect, test } from 'vitest'
import { modelOf, ponNetwork, TestNetwork } from '../testing/testNetwork'
import { buildGraph } from './buildGraph'
import { setLevelOfDetail } from './levelOfDetail'
import { treeLayout } from './treeLayout'

/** Positions and relations of all nodes, by id. */
function facts(nodes: ReturnType<typeof buildGraph>['nodes']): unknown[] {
  return [...nodes.values()].map((node) => ({
    id: node.id,
    at: [node.x, node.y, node.isUnplaced],
    from: [node.minScale, node.expandScale],
    above: [node.parent?.id, node.groupHead?.id, node.container?.id],
    below: [node.children.map(({ id }) => id), node.members.map(({ id }) => id)],
    edges: node.edges.map(({ key }) => key),
  }))
}

test('the model equals the graph that the layout was computed from', () => {
  const network = ponNetwork(5, 12)
  const remote = network.device('HOP', { x: 4_000, y: 20 })
  network.link(remote, network.device('ONT', { parent_container_id: network.ids['pop']?.[0] ?? null }))
  network.link(remote, 9_999)
  const ends = [...network.links.values()].flatMap(({ a_interface_id: a, b_interface_id: b }) => [
    network.deviceOfPort(a) ?? -1,
    network.deviceOfPort(b) ?? -1,
  ])
  const graph = buildGraph(network.devices.values(), ends)
  for (const [node, point] of treeLayout(graph, ({ isUnplaced }) => isUnplaced)) Object.assign(node, point)
  setLevelOfDetail(graph)
  const model = modelOf(network)
  expect(facts(model.nodes)).toEqual(facts(graph.nodes))
  expect(model.order.map(({ id }) => id)).toEqual(graph.order.map(({ id }) => id))
  expect(model.edges.map(({ key }) => key)).toEqual(graph.edges.map(({ key }) => key))
})

test('an unsaved position overrides the one in the list', () => {
  const network = new TestNetwork()
  const [first, second] = [network.device('OLT'), network.device('OLT')]
  const model = modelOf(network, new Map([[second, { x: 40, y: 50 }]]))
  expect(model.nodes.get(first)).toMatchObject({ x: 0, y: 0, isUnplaced: false })
  expect(model.nodes.get(second)).toMatchObject({ x: 40, y: 50, isUnplaced: false })
})
