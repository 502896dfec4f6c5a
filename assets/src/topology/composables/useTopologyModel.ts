import { computed, onScopeDispose, shallowRef, type ShallowRef, watch } from 'vue'
import { deviceFeed, linkFeed } from '../../live/feed'
import { devices } from '../../stores/devices'
import { links, ports } from '../../stores/links'
import type { TopologyModel, TopologyNode } from '../model/graph'
import { positionsVersion } from '../positions'
import { runLayout } from '../runLayout'
import type { Scene } from '../scene/scene'
import { SceneSync } from '../sceneSync'

/** One for the life of the page, so that a later visit to the topology finds the model. */
const pageSync = new SceneSync(
  () => ({
    devices: devices.value,
    links: links.value,
    deviceOfPort: (portId) => ports.value.get(portId)?.device_id,
  }),
  runLayout,
)

/** The model of the network, kept equal to the lists while the page is open. */
export function useTopologyModel(
  scene: Readonly<ShallowRef<Scene | null>>,
  canDraw: boolean,
  sync = pageSync,
) {
  const model = shallowRef<TopologyModel | null>(null)
  const isLoaded = computed(
    () => deviceFeed.state.value.phase === 'ready' && linkFeed.state.value.phase === 'ready',
  )

  function open(): void {
    sync.open({ scene: () => scene.value, replaced })
    model.value = sync.model
  }

  function replaced(next: TopologyModel): void {
    scene.value?.replace(next)
    model.value = next
  }

  function nodeOf(id: number | null): TopologyNode | null {
    return id === null ? null : (model.value?.nodes.get(id) ?? null)
  }

  watch(isLoaded, (loaded) => loaded && canDraw && open(), { immediate: true })
  watch([devices, links, ports], () => isLoaded.value && sync.listsChanged())
  watch(positionsVersion, () => sync.positionsChanged())
  onScopeDispose(() => sync.close())

  return { model, nodeOf, sync }
}
