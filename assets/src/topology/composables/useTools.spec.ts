import { beforeEach, expect, test, vi } from 'vitest'
import { shallowRef } from 'vue'
import { askConnect, askProvision } from '../../stores/dialogs'
import { openDevice } from '../../stores/view'
import type { TopologyNode } from '../model/graph'
import type { Scene } from '../scene/scene'
import { ponNetwork } from '../testing/testNetwork'
import { useAnnouncement } from './useAnnouncement'
import { useSelection } from './useSelection'
import { useTools } from './useTools'
import { useTrace } from './useTrace'

vi.mock('../../stores/dialogs', () => ({ askConnect: vi.fn(), askProvision: vi.fn() }))
vi.mock('../../stores/view', () => ({ openDevice: vi.fn() }))
vi.mock('../scene/scene', () => ({}))

beforeEach(() => vi.clearAllMocks())

function open() {
  const network = ponNetwork(1, 2)
  const { nodes } = network.build()
  const selection = useSelection()
  const announcer = useAnnouncement()
  const trace = useTrace(selection, announcer)
  const pop = { id: 7 } as TopologyNode
  const scene = shallowRef({ containerAt: () => pop } as unknown as Scene)
  const nodeOf = (id: number | null): TopologyNode | null => nodes.get(id ?? -1) ?? null
  const tools = useTools({ scene, nodeOf, selection, trace, announcer })
  const node = (key: string): TopologyNode => {
    const found = nodeOf(network.ids[key]?.[0] ?? null)
    if (found === null) throw new Error(`no node ${key}`)
    return found
  }
  return { tools, selection, node, text: announcer.announcement }
}

test('two devices are connected one after the other', async () => {
  vi.mocked(askConnect).mockResolvedValue({} as never)
  const { tools, selection, node, text } = open()
  tools.setTool('connect')
  expect(text.value).toBe('Choose the first device to connect.')
  await tools.connectTo(node('pop'))
  expect(text.value).toBe('A container cannot be the end of a link.')
  await tools.connectTo(node('odf'))
  expect(text.value).toBe(`Choose the device to connect ${node('odf').device.name} to.`)
  expect(selection.onlyId()).toBe(node('odf').id)
  await tools.connectTo(node('odf'))
  expect(text.value).toBe('A device cannot be linked to itself.')
  await tools.connectTo(node('splitters'))
  expect(askConnect).toHaveBeenCalledWith({ a: node('odf').id, b: node('splitters').id })
  expect(tools.tool.value).toBe('select')
  expect(text.value).toMatch(/^Connected ODF-\d+ and SPLITTER-\d+\.$/)
})

test('the connect tool begins at the selected device', () => {
  const { tools, selection, node } = open()
  selection.select([node('olt').id])
  tools.setTool('connect')
  expect(tools.connectFrom()).toBe(node('olt'))
  tools.setTool('select')
  expect(tools.connectFrom()).toBeNull()
})

test('a device is placed in the container at its position, then selected and opened', async () => {
  vi.mocked(askProvision).mockResolvedValue({ id: 99 } as never)
  const { tools, selection } = open()
  tools.setTool('place', 'OLT')
  await tools.placeAt({ x: 10.4, y: 20.6 })
  expect(askProvision).toHaveBeenCalledWith({ type: 'OLT', x: 10, y: 21, container: 7 })
  expect(tools.tool.value).toBe('select')
  expect(selection.onlyId()).toBe(99)
  expect(openDevice).toHaveBeenCalledWith(99)
})
