import type { Device, Link } from '../../api/types'
import type { LayoutResult } from './computeLayout'
import {
  addToCounts,
  newEdge,
  newModel,
  newNode,
  refreshEdge,
  type TopologyModel,
  type TopologyNode,
} from './graph'

/** Rows of a list between two yields. */
const ROWS_PER_STEP = 256

/** Builds the model of the lists that the layout was computed for, a step at a time. */
export function* buildModel(
  devices: readonly Device[],
  links: readonly Link[],
  layout: LayoutResult,
): Generator<void, TopologyModel> {
  const model = newModel()
  const nodes: TopologyNode[] = []
  for (const [index, device] of devices.entries()) {
    const node = newNode(device)
    node.x = layout.xs[index] ?? 0
    node.y = layout.ys[index] ?? 0
    node.isUnplaced = layout.unplaced[index] === 1
    node.minScale = layout.minScales[index] ?? 0
    node.expandScale = layout.expandScales[index] ?? 0
    nodes.push(node)
    model.nodes.set(node.id, node)
    if (node.role === 'container') model.containers.push(node)
    if (index % ROWS_PER_STEP === 0) yield
  }
  for (const [step, index] of layout.order.entries()) {
    const node = nodes[index]
    if (node === undefined) continue
    node.parent = nodes[layout.parents[index] ?? -1] ?? null
    node.groupHead = nodes[layout.groupHeads[index] ?? -1] ?? null
    node.container = nodes[layout.containers[index] ?? -1] ?? null
    node.parent?.children.push(node)
    node.groupHead?.members.push(node)
    node.container?.members.push(node)
    addToCounts(node, node.device, 1)
    model.order.push(node)
    if (step % ROWS_PER_STEP === 0) yield
  }
  yield* addEdges(model, nodes, links, layout)
  return model
}

function* addEdges(
  model: TopologyModel,
  nodes: readonly TopologyNode[],
  links: readonly Link[],
  layout: LayoutResult,
): Generator<void> {
  const { edgeEnds, edgeOfLink } = layout
  for (let index = 0; index < edgeEnds.length; index += 2) {
    const [a, b] = [nodes[edgeEnds[index] ?? -1], nodes[edgeEnds[index + 1] ?? -1]]
    // Both are known: the layout was computed for these lists.
    if (a !== undefined && b !== undefined) model.edges.push(newEdge(a, b))
    if (index % (2 * ROWS_PER_STEP) === 0) yield
  }
  for (const [index, link] of links.entries()) {
    const edge = model.edges[edgeOfLink[index] ?? -1]
    model.links.set(link.id, link)
    if (edge !== undefined) {
      edge.links.push(link)
      model.edgeOfLink.set(link.id, edge)
    }
    if (index % ROWS_PER_STEP === 0) yield
  }
  for (const [index, edge] of model.edges.entries()) {
    refreshEdge(edge)
    if (index % ROWS_PER_STEP === 0) yield
  }
}
