import { expect, test, vi } from 'vitest'
import { shallowRef } from 'vue'
import type { TopologyNode } from '../model/graph'
import { PointerController, type PointerHandlers } from '../pointerController'
import type { Scene } from '../scene/scene'
import { ponNetwork } from '../testing/testNetwork'
import { useAnnouncement } from './useAnnouncement'
import type { CameraControls } from './useCamera'
import type { Hover } from './useHover'
import type { Moves } from './useMoves'
import type { Navigation } from './useNavigation'
import { usePointer, withMembers } from './usePointer'
import { useSelection } from './useSelection'
import type { Tools } from './useTools'

vi.mock('../pointerController', () => ({ PointerController: vi.fn() }))
vi.mock('../scene/scene', () => ({}))

const WORLD = { x: 1, y: 2 }

function open() {
  const network = ponNetwork(1, 2)
  const { nodes } = network.build()
  const nodeOf = (id: number | null): TopologyNode | null => nodes.get(id ?? -1) ?? null
  const node = (key: string, index = 0): TopologyNode => {
    const found = nodeOf(network.ids[key]?.[index] ?? null)
    if (found === null) throw new Error(`no node ${key}`)
    return found
  }
  const tool = shallowRef('select')
  const tools = { tool, connectTo: vi.fn(), placeAt: vi.fn() }
  const navigation = { open: vi.fn(), openEdges: vi.fn(), clear: vi.fn() }
  const selection = useSelection()
  const announcer = useAnnouncement()
  const pointer = usePointer({
    nodeOf,
    selection,
    announcer,
    camera: {} as unknown as CameraControls,
    hover: { hover: vi.fn(), hideCard: vi.fn() } as unknown as Hover,
    moves: {} as unknown as Moves,
    navigation: navigation as unknown as Navigation,
    tools: tools as unknown as Tools,
  })
  pointer.attach({ scale: 1_000 } as unknown as Scene)
  const handlers = vi.mocked(PointerController).mock.lastCall?.[1] as PointerHandlers
  return { handlers, node, tool, tools, navigation, selection, text: announcer.announcement }
}

test('a click does what the tool is for', () => {
  const { handlers, node, tool, tools, navigation, selection } = open()
  handlers.click({ node: node('olt'), edges: [] }, WORLD, false)
  expect(navigation.open).toHaveBeenCalledWith(node('olt'))
  handlers.click({ node: node('odf'), edges: [] }, WORLD, true)
  expect(selection.onlyId()).toBe(node('odf').id)
  handlers.click({ node: null, edges: [] }, WORLD, true)
  expect(navigation.clear).not.toHaveBeenCalled()
  handlers.click({ node: null, edges: [] }, WORLD, false)
  expect(navigation.clear).toHaveBeenCalledOnce()
  tool.value = 'connect'
  handlers.click({ node: null, edges: [] }, WORLD, false)
  handlers.click({ node: node('olt'), edges: [] }, WORLD, false)
  expect(tools.connectTo.mock.calls).toEqual([[node('olt')]])
  tool.value = 'place'
  handlers.click({ node: node('olt'), edges: [] }, WORLD, false)
  expect(tools.placeAt).toHaveBeenCalledWith(WORLD)
})

test('a box selects its nodes, in addition to the others with a modifier key', () => {
  const { handlers, node, selection, text } = open()
  handlers.boxSelect([node('olt'), node('odf')], [], false)
  expect(selection.selectedIds.value.size).toBe(2)
  handlers.boxSelect([node('onts')], [], true)
  expect(selection.selectedIds.value.size).toBe(3)
  expect(text.value).toBe('3\u00a0devices selected.')
})

test('a drag moves the selection, a container with its members, and a collapsed PON', () => {
  const { handlers, node, selection } = open()
  expect(handlers.draggedWith(node('olt'))).toEqual([node('olt')])
  selection.select([node('olt').id, node('odf').id])
  expect(handlers.draggedWith(node('olt'))).toEqual([node('olt'), node('odf')])
  const dragged = handlers.draggedWith(node('pop'))
  expect(dragged).toEqual(expect.arrayContaining([node('pop'), node('splitters'), node('onts', 1)]))
  const splitter = node('splitters')
  expect(withMembers([splitter], splitter.expandScale / 2)).toEqual([splitter, node('onts', 0), node('onts', 1)])
})

test('a click on a line opens its link, or adds it with a modifier key', () => {
  const { handlers, node, navigation, selection } = open()
  const edges = node('olt').edges
  handlers.click({ node: null, edges }, WORLD, false)
  expect(navigation.openEdges).toHaveBeenCalledWith(edges)
  handlers.click({ node: null, edges }, WORLD, true)
  expect(selection.selectedLinkIds.value.size).toBe(edges.length)
})

test('a box selects links too', () => {
  const { handlers, node, selection, text } = open()
  handlers.boxSelect([node('olt')], node('olt').edges, false)
  expect([...selection.selectedLinkIds.value]).toEqual([3, 4])
  expect(text.value).toBe('1\u00a0device and 2\u00a0links selected.')
  handlers.boxSelect([], node('onts').edges, false)
  expect(text.value).toBe('1\u00a0link selected.')
})
