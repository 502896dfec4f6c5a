import { shallowRef, type ShallowRef, watch } from 'vue'
import type { Point } from '../model/geometry'
import type { TopologyModel, TopologyNode } from '../model/graph'
import { isVisible } from '../model/levelOfDetail'
import type { Scene } from '../scene/scene'

/** The node under the mouse, and where the mouse was when it came there. */
export function useHover(
  scene: Readonly<ShallowRef<Scene | null>>,
  model: Readonly<ShallowRef<TopologyModel | null>>,
  frameCount: Readonly<ShallowRef<number>>,
) {
  const hovered = shallowRef<{ node: TopologyNode; at: Point } | null>(null)

  function hover(node: TopologyNode | null, { x, y }: Point): void {
    if (node === (hovered.value?.node ?? null)) return
    hovered.value = node === null ? null : { node, at: { x, y } }
    scene.value?.setHighlight({ hovered: node })
  }

  /** Hides the card of the node until the mouse moves; the node keeps its halo. */
  function hideCard(): void {
    hovered.value = null
  }

  // A new model has another node for the device.
  watch(
    model,
    (next) => {
      const before = hovered.value
      const node = next?.nodes.get(before?.node.id ?? -1) ?? null
      hovered.value = node === null || before === null ? null : { node, at: before.at }
      scene.value?.setHighlight({ hovered: node })
    },
    { flush: 'sync' },
  )
  // Zooming out may collapse the group that the node is in.
  watch(
    frameCount,
    () => {
      if (hovered.value === null || scene.value === null) return
      if (!isVisible(hovered.value.node, scene.value.scale)) hover(null, { x: 0, y: 0 })
    },
    { flush: 'sync' },
  )

  return { hovered, hover, hideCard }
}

export type Hover = ReturnType<typeof useHover>
