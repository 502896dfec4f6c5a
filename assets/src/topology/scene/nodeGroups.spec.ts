import { expect, test } from 'vitest'
import { contains, type Rect } from '../model/geometry'
import type { TopologyModel, TopologyNode } from '../model/graph'
import { isVisible, setLevelOfDetail } from '../model/levelOfDetail'
import { treeLayout } from '../model/treeLayout'
import { type Appearance, NO_HIGHLIGHT } from '../render/style'
import { TEST_COLORS } from '../testing/testColors'
import { ponNetwork, type TestNetwork } from '../testing/testNetwork'
import { SceneGraph } from './sceneGraph'

const APPEARANCE: Appearance = { colors: TEST_COLORS, highlight: NO_HIGHLIGHT }

function laidOut(network: TestNetwork): TopologyModel {
  const model = network.build()
  for (const [node, point] of treeLayout(model, () => true)) Object.assign(node, point)
  setLevelOfDetail(model)
  return model
}

function around({ x, y }: TopologyNode, scale: number): Rect {
  const [dx, dy] = [640 / scale, 400 / scale]
  return { left: x - dx, top: y - dy, right: x + dx, bottom: y + dy }
}

/** The scene graph of a model, with the groups of a view if there is one. */
function graphOf(model: TopologyModel, view?: Rect, scale = 0): SceneGraph {
  const sceneGraph = new SceneGraph(model, APPEARANCE)
  const groups = view === undefined ? [] : sceneGraph.groups.inView(view, scale)
  for (const group of groups) sceneGraph.addGroup(group)
  return sceneGraph
}

/** Whether a straight line between two points meets a view. */
function meets(view: Rect, from: TopologyNode, to: TopologyNode): boolean {
  for (let step = 0; step <= 200; step += 1) {
    const x = from.x + ((to.x - from.x) * step) / 200
    const y = from.y + ((to.y - from.y) * step) / 200
    if (contains(view, { x, y })) return true
  }
  return false
}

function nodeOf(model: TopologyModel, id: number | undefined): TopologyNode {
  const node = model.nodes.get(id ?? 0)
  if (node === undefined) throw new Error(`no node ${id}`)
  return node
}

test('zoomed out, the graph has the groups; zoomed in, the members in view', () => {
  const network = ponNetwork(60, 32)
  const model = laidOut(network)
  const splitter = nodeOf(model, network.ids['splitters']?.[0])
  // The gateway, the core router, the POP, and the edge router, because an edge leaves the POP there.
  expect(graphOf(model).graph.order).toBe(4)
  expect(graphOf(model, around(splitter, 0.001), 0.001).graph.order).toBe(4)
  const scale = splitter.expandScale * 4
  const { graph, memberCount } = graphOf(model, around(splitter, scale), scale)
  for (const { key, edges } of splitter.members) {
    expect(graph.hasNode(key)).toBe(true)
    expect(edges.every((edge) => graph.hasEdge(edge.key))).toBe(true)
  }
  expect(memberCount).toBeLessThan(30 * 32)
})

test('everything drawn in a view is in the graph, at any scale and position', () => {
  const network = ponNetwork(40, 24)
  // Edges that leave their groups: between two PONs, and from a PON to the core router.
  network.link(network.ids['onts']?.[3] ?? 0, network.ids['onts']?.[700] ?? 0)
  network.link(network.ids['splitters']?.[9] ?? 0, 2)
  const model = laidOut(network)
  for (const middle of model.order.filter((_node, index) => index % 97 === 0)) {
    for (let scale = 0.01; scale < 4; scale *= 1.5) {
      const view = around(middle, scale)
      const { graph } = graphOf(model, view, scale)
      for (const node of model.nodes.values()) {
        if (isVisible(node, scale) && meets(view, node, node)) expect(graph.hasNode(node.key)).toBe(true)
      }
      for (const { key, a, b } of model.edges) {
        if (isVisible(a, scale) && isVisible(b, scale) && meets(view, a, b)) expect(graph.hasEdge(key)).toBe(true)
      }
    }
  }
})

test('moved members are found at their new positions', () => {
  const network = ponNetwork(4, 8)
  const model = laidOut(network)
  const { groups } = graphOf(model)
  const member = nodeOf(model, network.ids['onts']?.[0])
  const scale = member.minScale * 2
  Object.assign(member, { x: 90_000, y: 90_000 })
  expect(groups.inView(around(member, scale), scale)).toEqual([])
  groups.nodesMoved([member])
  const found = groups.inView(around(member, scale), scale)
  expect(found.some(({ members }) => members.includes(member))).toBe(true)
})

test('a change of a collapsed edge updates only its aggregates', () => {
  const network = ponNetwork(2, 8)
  const model = laidOut(network)
  const ont = nodeOf(model, network.ids['onts']?.[0])
  const [drop] = ont.edges
  const sceneGraph = graphOf(model)
  expect(sceneGraph.updateNode(ont)).toBeNull()
  expect(drop === undefined ? null : sceneGraph.updateEdge(drop)).toEqual([])
  const [up] = nodeOf(model, 2).edges.filter(({ b }) => b.container !== null)
  const keys = up === undefined ? [] : sceneGraph.updateEdge(up)
  expect(keys).toEqual([up?.key, `a2-${network.ids['pop']?.[0]}`])
})
