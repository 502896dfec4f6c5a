import { expect, test, vi } from 'vitest'
import { effectScope, nextTick, shallowRef } from 'vue'
import type { TopologyModel, TopologyNode } from '../model/graph'
import { type Highlight, NO_HIGHLIGHT } from '../render/style'
import type { Scene } from '../scene/scene'
import { ponNetwork } from '../testing/testNetwork'
import type { Trace } from '../trace'
import { useHighlight } from './useHighlight'
import { useSelection } from './useSelection'
import type { Tools } from './useTools'
import type { TraceControls } from './useTrace'

vi.mock('../scene/scene', () => ({}))

function open() {
  const network = ponNetwork(1, 2)
  const model = shallowRef<TopologyModel | null>(network.build())
  const setHighlight = vi.fn<(highlight: Highlight) => void>()
  const scene = shallowRef({ setHighlight } as unknown as Scene)
  const selection = useSelection()
  const trace = shallowRef<Trace | null>(null)
  const tool = shallowRef('select')
  const connectFrom = (): TopologyNode | null => model.value?.nodes.get(network.ids['olt']?.[0] ?? 0) ?? null
  effectScope().run(() =>
    useHighlight({
      scene,
      model,
      selection,
      trace: { trace } as unknown as TraceControls,
      tools: { tool, connectFrom } as unknown as Tools,
    }),
  )
  const last = async (): Promise<Highlight | undefined> => {
    await nextTick()
    return setHighlight.mock.lastCall?.[0]
  }
  return { network, model, selection, trace, tool, last, setHighlight }
}

test('the selected devices are highlighted, after a rebuild too', async () => {
  const { network, model, selection, last } = open()
  const [id = 0] = network.ids['onts'] ?? []
  selection.select([id, 9_999])
  expect([...((await last())?.selected ?? [])]).toEqual([model.value?.nodes.get(id)])
  model.value = network.build()
  expect([...((await last())?.selected ?? [])]).toEqual([model.value.nodes.get(id)])
})

test('without a selection and a trace, nothing changes: the scene draws no frame for it', async () => {
  const { selection, last } = open()
  selection.select([])
  const { selected, traced, isConnectable } = NO_HIGHLIGHT
  expect(await last()).toBeUndefined()
  selection.select([9_999])
  expect(await last()).toBeUndefined()
  selection.select([1])
  await last()
  selection.select([])
  const highlight = await last()
  expect(highlight?.selected).toBe(selected)
  expect(highlight?.traced).toBe(traced)
  expect(highlight?.isConnectable).toBe(isConnectable)
})

test('a change of the selection keeps the trace, so that its animation does not start again', async () => {
  const { network, selection, trace, last, setHighlight } = open()
  const [id = 0] = network.ids['onts'] ?? []
  const elements = [{ kind: 'device', id }]
  trace.value = { deviceId: id, path: { elements } } as unknown as Trace
  const traced = (await last())?.traced
  expect(traced?.get(`d${id}`)).toBe(0)
  selection.select([id])
  expect((await last())?.traced).toBe(traced)
  expect(setHighlight).toHaveBeenCalledTimes(2)
})

test('while connecting, only devices with a link rule are offered', async () => {
  const { network, model, tool, last } = open()
  tool.value = 'connect'
  const isConnectable = (await last())?.isConnectable
  const allowed = ['olt', 'odf', 'onts', 'pop'].map((key) => {
    const node = model.value?.nodes.get(network.ids[key]?.[0] ?? 0)
    return node !== undefined && isConnectable?.(node)
  })
  expect(allowed).toEqual([true, true, true, false])
  tool.value = 'select'
  expect((await last())?.isConnectable).toBeNull()
})
