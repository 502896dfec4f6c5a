import { beforeEach, expect, test, vi } from 'vitest'
import { shallowRef } from 'vue'
import { notices } from '../../stores/notices'
import type { TopologyModel } from '../model/graph'
import { applyMove } from '../positions'
import type { SceneSync } from '../sceneSync'
import { TestNetwork } from '../testing/testNetwork'
import { useMoves } from './useMoves'

vi.mock('../positions', () => ({ applyMove: vi.fn(), undoLastMove: vi.fn(), undoableMoves: [] }))

const apply = vi.mocked(applyMove)
const sync = { startDrag: vi.fn(), endDrag: (save: () => void) => save() } as unknown as SceneSync

beforeEach(() => {
  notices.length = 0
  apply.mockReset()
  apply.mockResolvedValue({ text: '', undo: () => Promise.resolve() })
})

function open() {
  const network = new TestNetwork()
  const [placed, first, second] = ['OLT', 'ONT', 'ONT'].map((type) => network.device(type as 'OLT')) as [number, number, number]
  const model = network.build()
  return { model, placed, first, second, moves: useMoves(shallowRef<TopologyModel | null>(model), sync) }
}

test('devices without a position are saved where the layout placed them', async () => {
  const { model, first, moves } = open()
  expect(moves.unplacedCount.value).toBe(2)
  await moves.arrange()
  const [move] = apply.mock.calls[0] ?? []
  expect(move?.text).toBe('Placed 2\u00a0devices')
  const node = model.nodes.get(first)
  expect(move?.after.get(first)).toEqual({ x: Math.round(node?.x ?? NaN), y: Math.round(node?.y ?? NaN) })
  expect(notices).toMatchObject([{ text: 'Placed 2\u00a0devices.', tone: 'info' }])
})

test('a drag saves whole numbers, and a cancelled one nothing', () => {
  const { model, first, moves } = open()
  const node = model.nodes.get(first)
  if (node === undefined) throw new Error('there is no node')
  moves.endDrag([])
  expect(apply).not.toHaveBeenCalled()
  Object.assign(node, { x: 4.4, y: 7.7 })
  moves.endDrag([node])
  expect(apply.mock.calls[0]?.[0]).toMatchObject({ text: `Moved ${node.device.name}`, after: new Map([[first, { x: 4, y: 8 }]]) })
  expect(node.isUnplaced).toBe(false)
})
