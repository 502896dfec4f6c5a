import { expect, test, vi } from 'vitest'
import { effectScope, nextTick, shallowRef, triggerRef } from 'vue'
import { deviceFeed, linkFeed } from '../../live/feed'
import { devices } from '../../stores/devices'
import { positionsVersion } from '../positions'
import type { Scene } from '../scene/scene'
import type { SceneSync, Viewer } from '../sceneSync'
import { ponNetwork } from '../testing/testNetwork'
import { useTopologyModel } from './useTopologyModel'

vi.mock('../../live/feed', async () => {
  const { shallowRef: ref } = await import('vue')
  const feed = () => ({ state: ref({ phase: 'loading' }) })
  return { deviceFeed: feed(), linkFeed: feed() }
})
vi.mock('../../stores/devices', async () => {
  const { shallowRef: ref } = await import('vue')
  return { devices: ref(new Map()) }
})
vi.mock('../scene/scene', () => ({}))

test('the model follows the lists once both are loaded', async () => {
  const sync = {
    model: null,
    open: vi.fn<(viewer: Viewer) => void>(),
    close: vi.fn(),
    listsChanged: vi.fn(),
    positionsChanged: vi.fn(),
  }
  const replace = vi.fn()
  const scene = shallowRef<Scene | null>({ replace } as unknown as Scene)
  const scope = effectScope()
  const result = scope.run(() => useTopologyModel(scene, true, sync as unknown as SceneSync))
  deviceFeed.state.value = { phase: 'ready' } as never
  await nextTick()
  expect(sync.open).not.toHaveBeenCalled()
  linkFeed.state.value = { phase: 'ready' } as never
  await nextTick()
  expect(sync.open).toHaveBeenCalledOnce()

  const network = ponNetwork(1, 1)
  const model = network.build()
  sync.open.mock.lastCall?.[0].replaced(model)
  expect(replace).toHaveBeenCalledWith(model)
  expect(result?.model.value).toBe(model)
  expect(result?.nodeOf(1)?.id).toBe(1)
  expect(result?.nodeOf(null)).toBeNull()

  triggerRef(devices)
  positionsVersion.value += 1
  await nextTick()
  expect(sync.listsChanged).toHaveBeenCalledOnce()
  expect(sync.positionsChanged).toHaveBeenCalledOnce()
  scope.stop()
  expect(sync.close).toHaveBeenCalledOnce()
})
