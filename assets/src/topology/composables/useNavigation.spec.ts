import { beforeEach, expect, test, vi } from 'vitest'
import { effectScope, nextTick, shallowRef } from 'vue'
import { askDelete, askDeleteLinks } from '../../stores/dialogs'
import { view } from '../../stores/view'
import type { TopologyNode } from '../model/graph'
import type { Scene } from '../scene/scene'
import { ponNetwork } from '../testing/testNetwork'
import { useAnnouncement } from './useAnnouncement'
import type { CameraControls } from './useCamera'
import type { Hover } from './useHover'
import { useNavigation } from './useNavigation'
import { useSelection } from './useSelection'
import type { Tools } from './useTools'
import type { TraceControls } from './useTrace'

vi.mock('../../stores/view', async () => {
  const { reactive } = await import('vue')
  const view = reactive<{ device: number | null; link: number | null }>({ device: null, link: null })
  return {
    view,
    openDevice: (id: number) => Object.assign(view, { device: id, link: null }),
    openLink: (id: number) => Object.assign(view, { device: null, link: id }),
    closePanel: () => Object.assign(view, { device: null, link: null }),
  }
})
vi.mock('../../stores/devices', () => ({ devices: { value: new Map([[1, {}]]) } }))
vi.mock('../../stores/dialogs', () => ({ askDelete: vi.fn(), askDeleteLinks: vi.fn() }))
vi.mock('../scene/scene', () => ({}))

beforeEach(() => {
  Object.assign(view, { device: null, link: null })
  vi.clearAllMocks()
})

function open() {
  const network = ponNetwork(1, 2)
  const model = network.build()
  const { nodes } = model
  const nodeOf = (id: number | null): TopologyNode | null => nodes.get(id ?? -1) ?? null
  const node = (key: string): TopologyNode => {
    const found = nodeOf(network.ids[key]?.[0] ?? null)
    if (found === null) throw new Error(`no node ${key}`)
    return found
  }
  const scene = shallowRef({
    index: { nearestTowards: () => node('splitters') },
    nodeNearCenter: () => node('olt'),
  } as unknown as Scene)
  const selection = useSelection()
  const announcer = useAnnouncement()
  const traced = shallowRef<unknown>(null)
  const trace = { trace: traced, start: vi.fn(), end: vi.fn(() => (traced.value = null)) }
  const tool = shallowRef('select')
  const tools = { tool, setTool: vi.fn((next: string) => (tool.value = next)), connectTo: vi.fn() }
  const camera = { reveal: vi.fn() }
  const hover = { hideCard: vi.fn() }
  const navigation = effectScope().run(() =>
    useNavigation({
      scene,
      model: shallowRef(model),
      nodeOf,
      selection,
      announcer,
      camera: camera as unknown as CameraControls,
      hover: hover as unknown as Hover,
      trace: trace as unknown as TraceControls,
      tools: tools as unknown as Tools,
    }),
  )
  if (navigation === undefined) throw new Error('the scope has ended')
  return { navigation, node, selection, trace, tools, camera, text: announcer.announcement }
}

test('an opened subscriber is selected, shown in the panel, announced and traced', () => {
  const { navigation, node, selection, trace, text } = open()
  const ont = node('onts')
  navigation.open(ont)
  expect(selection.onlyId()).toBe(ont.id)
  expect(view.device).toBe(ont.id)
  expect(text.value).toMatch(/^ONT-\d+, ONT, UP, /)
  expect(trace.start).toHaveBeenCalledWith(ont.id)
})

test('a device that was opened elsewhere is brought into view', async () => {
  const { node, selection, camera } = open()
  view.device = node('olt').id
  await nextTick()
  expect(selection.onlyId()).toBe(node('olt').id)
  expect(camera.reveal).toHaveBeenCalledWith(node('olt'), true)
})

test('arrow keys start in the middle, and take an open panel along', () => {
  const { navigation, node, selection } = open()
  navigation.step([0, 1])
  expect(selection.onlyId()).toBe(node('olt').id)
  expect(view.device).toBeNull()
  view.device = node('olt').id
  navigation.step([0, 1])
  expect(selection.onlyId()).toBe(node('splitters').id)
  expect(view.device).toBe(node('splitters').id)
})

test('Escape ends the tool, then the trace, then the selection', () => {
  const { navigation, node, selection, trace, tools } = open()
  selection.select([node('olt').id])
  trace.trace.value = {}
  tools.tool.value = 'box'
  expect(navigation.escape()).toBe(true)
  expect(tools.tool.value).toBe('select')
  expect(navigation.escape()).toBe(true)
  expect(trace.trace.value).toBeNull()
  expect(navigation.escape()).toBe(true)
  expect(selection.onlyId()).toBeNull()
  expect(navigation.escape()).toBe(false)
})

test('Enter opens the selected device, or takes it as the end of a link', () => {
  const { navigation, node, selection, tools } = open()
  expect(navigation.activate()).toBe(false)
  selection.select([node('olt').id])
  tools.tool.value = 'connect'
  expect(navigation.activate()).toBe(true)
  expect(tools.connectTo).toHaveBeenCalledWith(node('olt'))
  tools.tool.value = 'select'
  navigation.activate()
  expect(view.device).toBe(node('olt').id)
})

test('deleted devices are deselected, unless the dialog is cancelled', async () => {
  const { navigation, selection } = open()
  selection.select([1, 9_999])
  vi.mocked(askDelete).mockResolvedValueOnce(false)
  await navigation.deleteSelected()
  expect(selection.selectedIds.value.size).toBe(2)
  vi.mocked(askDelete).mockResolvedValueOnce(true)
  await navigation.deleteSelected()
  expect(askDelete).toHaveBeenLastCalledWith([1])
  expect(selection.selectedIds.value.size).toBe(0)
})

test('a line opens its link; one that stands for several pairs of devices selects their links', () => {
  const { navigation, node, selection, text } = open()
  navigation.openEdges(node('onts').edges)
  expect(view.link).toBe(node('onts').edges[0]?.links[0]?.id)
  expect(text.value).toMatch(/^Link SPLITTER-\d+ – ONT-\d+, UP, /)
  navigation.openEdges(node('olt').edges)
  expect(view.link).toBeNull()
  expect(selection.selectedLinkIds.value.size).toBe(2)
  expect(text.value).toBe('2\u00a0links selected.')
})

test('L goes through the links of a device, and Enter opens the one that is selected', () => {
  const { navigation, node, selection } = open()
  expect(navigation.stepLink()).toBe(false)
  const ids = node('olt').edges.flatMap(({ links }) => links.map(({ id }) => id))
  selection.select([node('olt').id])
  for (const id of [...ids, ids[0]]) {
    navigation.stepLink()
    expect(selection.onlyLinkId()).toBe(id)
  }
  expect(view.link).toBeNull()
  expect(navigation.activate()).toBe(true)
  expect(view.link).toBe(ids[0])
  navigation.stepLink()
  expect(view.link).toBe(ids[1])
})

test('a link that was opened elsewhere is selected and brought into view', async () => {
  const { node, selection, camera } = open()
  const [edge] = node('onts').edges
  view.link = edge?.links[0]?.id ?? 0
  await nextTick()
  expect(selection.onlyLinkId()).toBe(view.link)
  expect(camera.reveal).toHaveBeenCalledWith(node('onts'), true)
})

test('Delete asks for the selected links when no device is selected', async () => {
  const { navigation, selection } = open()
  selection.select([], [3])
  vi.mocked(askDeleteLinks).mockResolvedValueOnce(true)
  await navigation.deleteSelected()
  expect(askDeleteLinks).toHaveBeenCalledWith([3])
  expect(selection.isEmpty()).toBe(true)
})
