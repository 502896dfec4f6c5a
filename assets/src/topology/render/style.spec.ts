import { expect, test } from 'vitest'
import { testDevice } from '../../domain/testing'
import { TEST_COLORS } from '../testing/testColors'
import { ponNetwork } from '../testing/testNetwork'
import { hasProblem } from '../model/graph'
import { edgeStyle, NO_HIGHLIGHT, nodeDiameterPx, nodeStyle } from './style'

/** Pixels per world unit where a whole site fits into the window. */
const AFAR = 0.01

test('from afar, a PON with a device that is DOWN is larger than the others', () => {
  const network = ponNetwork(2, 4)
  network.setStatus(network.ids['onts']?.[0] ?? 0, 'DOWN', ['no_signal'])
  const model = network.build()
  const [alarmed, quiet] = (network.ids['splitters'] ?? []).map((id) => {
    const node = model.nodes.get(id)
    if (node === undefined) throw new Error(`no node ${id}`)
    return nodeDiameterPx(node, AFAR)
  })
  expect(alarmed).toBe(18)
  expect(quiet).toBe(11)
})

test('what is planned is pale and dashed, and no problem', () => {
  const network = ponNetwork(1, 2)
  const ont = network.ids['onts']?.[0] ?? 0
  network.setStatus(ont, 'DOWN', ['not_in_service'])
  network.plan(ont)
  const model = network.build()
  const node = model.nodes.get(ont)
  const edge = node?.edges[0]
  if (node === undefined || edge === undefined) throw new Error('no ONT')
  expect(hasProblem(node)).toBe(false)
  expect(node.groupHead?.counts.down).toBe(0)
  expect(edge).toMatchObject({ status: 'UP', isOutOfService: true })
  const appearance = { colors: TEST_COLORS, highlight: NO_HIGHLIGHT }
  expect(nodeStyle(node, appearance)).toMatchObject({ severity: 0, opacity: 0.5 })
  expect(edgeStyle(edge, { minScale: 0, maxScale: 0, isDrop: true }, appearance).pattern).toBe(2)
})

test('what is DOWN behind planned work is no problem, and its line is dotted', () => {
  const network = ponNetwork(1, 2)
  const [ont = 0, other = 0] = network.ids['onts'] ?? []
  network.setStatus(ont, 'DOWN', ['no_optical_path'])
  network.setStatus(other, 'DOWN', ['no_optical_path'])
  network.devices.set(ont, { ...testDevice(network.devices.get(ont)), isBehindPlannedWork: true })
  const model = network.build()
  const node = model.nodes.get(ont)
  const [edge] = node?.edges ?? []
  const [alarming] = model.nodes.get(other)?.edges ?? []
  if (node === undefined || edge === undefined || alarming === undefined) throw new Error('no ONT')
  expect(hasProblem(node)).toBe(false)
  expect(node.groupHead?.counts.down).toBe(1)
  expect([edge.isPlannedWork, alarming.isPlannedWork]).toEqual([true, false])
  const appearance = { colors: TEST_COLORS, highlight: NO_HIGHLIGHT }
  expect(nodeStyle(node, appearance)).toMatchObject({ severity: 0, opacity: 1 })
  expect(edgeStyle(edge, { minScale: 0, maxScale: 0, isDrop: true }, appearance).pattern).toBe(3)
})
