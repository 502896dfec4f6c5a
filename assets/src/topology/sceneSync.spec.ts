import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { Status } from '../api/types'
import { computeLayout, type LayoutInput, type LayoutResult } from './model/computeLayout'
import type { TopologyModel, TopologyNode } from './model/graph'
import { unsavedPositions } from './positions'
import type { Scene } from './scene/scene'
import { SceneSync } from './sceneSync'
import { modelOf, ponNetwork, type TestNetwork } from './testing/testNetwork'

vi.mock('../stores/devices', () => ({ devices: { value: new Map() } }))
vi.mock('./scene/scene', () => ({}))

let frames: FrameRequestCallback[]
let refreshed: number
let rebuilds: number
/** Each resolves a layout that is not computed yet. */
let waitingLayouts: (() => void)[]
let isWorkerBusy: boolean
let drawn: TopologyModel | null
let sync: SceneSync

beforeEach(() => {
  frames = []
  vi.stubGlobal('requestAnimationFrame', (call: FrameRequestCallback) => frames.push(call))
  vi.stubGlobal('cancelAnimationFrame', () => (frames = []))
  unsavedPositions.clear()
})
afterEach(() => vi.unstubAllGlobals())

async function start(network: TestNetwork): Promise<void> {
  refreshed = 0
  rebuilds = 0
  waitingLayouts = []
  isWorkerBusy = false
  drawn = null
  sync = new SceneSync(() => network, runLayout)
  openViewer()
  await settle()
  rebuilds = 0
}

function openViewer(): void {
  const scene = {
    get model() {
      return drawn
    },
    refresh: (nodes: Iterable<unknown>) => (refreshed += [...nodes].length),
    nodesMoved: () => undefined,
  }
  sync.open({
    scene: () => (drawn === null ? null : (scene as unknown as Scene)),
    replaced: (next) => {
      drawn = next
      rebuilds += 1
    },
  })
  drawn = sync.model
}

function runLayout(input: LayoutInput): Promise<LayoutResult> {
  const layout = computeLayout(input)
  return new Promise((resolve) => {
    if (isWorkerBusy) waitingLayouts.push(() => resolve(layout))
    else resolve(layout)
  })
}

/** Runs frames and timers until there are no more. */
async function settle(): Promise<void> {
  for (let idle = 0; idle < 20; ) {
    const frame = frames.shift()
    frame?.(0)
    idle = frame === undefined ? idle + 1 : 0
    await new Promise((resolve) => setTimeout(resolve))
  }
}

function model(): TopologyModel {
  if (drawn === null) throw new Error('there is no model')
  return drawn
}

function node(id: number | undefined): TopologyNode {
  const found = model().nodes.get(id ?? 0)
  if (found === undefined) throw new Error(`no node ${id}`)
  return found
}

/** Status and counts of all nodes, to compare two models. */
function countsOf({ nodes }: TopologyModel): unknown[] {
  return [...nodes.values()].map(({ id, device, counts }) => [id, device.effective_status, counts])
}

test('after any changes of status, the model equals a new one', async () => {
  const network = ponNetwork(6, 16)
  await start(network)
  const statuses: Status[] = ['UP', 'DOWN', 'DEGRADED']
  let seed = 7
  for (let change = 0; change < 400; change += 1) {
    seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31
    network.setStatus(1 + (seed % network.devices.size), statuses[seed % 3] ?? 'UP')
    if (change % 7 !== 0) continue
    sync.listsChanged()
    frames.shift()?.(0)
  }
  sync.listsChanged()
  await settle()
  expect(rebuilds).toBe(0)
  expect(countsOf(model())).toEqual(countsOf(modelOf(network)))
})

test('many changes are applied in slices, and one that arrives in between is not lost', async () => {
  const network = ponNetwork(60, 32)
  await start(network)
  const clock = vi.spyOn(performance, 'now')
  let now = 1e9
  // Each call of the clock takes 0.1 ms: about ninety devices fit into a slice.
  clock.mockImplementation(() => (now += 0.1))
  for (const id of network.devices.keys()) network.setStatus(id, 'DOWN')
  sync.listsChanged()
  frames.shift()?.(0)
  expect(refreshed).toBeLessThan(400)
  expect(frames).toHaveLength(1)
  network.setStatus(1, 'DEGRADED')
  sync.listsChanged()
  await settle()
  clock.mockRestore()
  expect(countsOf(model())).toEqual(countsOf(modelOf(network)))
})

test('a new link or device gives a new model, but not during a drag', async () => {
  const network = ponNetwork(2, 4)
  const [splitter] = network.ids['splitters'] ?? []
  await start(network)
  sync.startDrag()
  network.link(splitter ?? 0, network.device('ONT'))
  sync.listsChanged()
  await settle()
  expect(rebuilds).toBe(0)
  sync.endDrag(() => undefined)
  await vi.waitFor(async () => {
    await settle()
    expect(rebuilds).toBe(1)
  })
  expect(node(splitter).counts.leaves).toBe(5)
})

test('changes while the worker computes the layout are not lost', async () => {
  const network = ponNetwork(2, 4)
  const [splitter, other] = network.ids['splitters'] ?? []
  await start(network)
  isWorkerBusy = true
  network.link(splitter ?? 0, network.device('ONT'))
  sync.positionsChanged()
  await settle()
  expect(waitingLayouts).toHaveLength(1)
  const added = network.device('ONT')
  network.link(other ?? 0, added)
  network.setStatus(network.ids['onts']?.[0] ?? 0, 'DOWN')
  sync.listsChanged()
  await settle()
  // The old model is kept up to date, and there is only one layout at a time.
  expect(node(splitter).counts.down).toBe(1)
  expect(waitingLayouts).toHaveLength(1)
  isWorkerBusy = false
  waitingLayouts.forEach((resolve) => resolve())
  await vi.waitFor(async () => {
    await settle()
    expect(model().nodes.has(added)).toBe(true)
  })
  expect(rebuilds).toBe(2)
  expect(countsOf(model())).toEqual(countsOf(modelOf(network)))
})

test('a drag that begins while the layout is computed keeps its positions', async () => {
  const network = ponNetwork(2, 4)
  const [ont] = network.ids['onts'] ?? []
  await start(network)
  isWorkerBusy = true
  network.link(network.ids['splitters']?.[0] ?? 0, network.device('ONT'))
  sync.positionsChanged()
  await settle()
  sync.startDrag()
  const before = model()
  isWorkerBusy = false
  waitingLayouts.forEach((resolve) => resolve())
  await settle()
  expect(model()).toBe(before)
  sync.endDrag(() => void unsavedPositions.set(ont ?? 0, { x: 777, y: 888 }))
  expect(model()).not.toBe(before)
  expect(node(ont)).toMatchObject({ x: 777, y: 888, isUnplaced: false })
})

test('a viewer that returns gets the same model, with the changes since', async () => {
  const network = ponNetwork(3, 4)
  await start(network)
  const before = model()
  sync.close()
  network.setStatus(network.ids['onts']?.[0] ?? 0, 'DOWN')
  network.setStatus(network.ids['olt']?.[0] ?? 0, 'DEGRADED')
  sync.listsChanged()
  expect(frames).toHaveLength(0)
  openViewer()
  expect(model()).toBe(before)
  expect(countsOf(model())).toEqual(countsOf(modelOf(network)))
  expect(rebuilds).toBe(0)
})
