import type { ShallowRef } from 'vue'
import type { Point, Rect } from '../model/geometry'
import type { TopologyNode } from '../model/graph'
import type { Scene } from '../scene/scene'

/** How much nearer than necessary a node or a group is shown. */
const REVEAL_FACTOR = 1.15
const EXPAND_FACTOR = 1.6

/** Moves the camera; does nothing while there is no scene. */
export function useCamera(scene: Readonly<ShallowRef<Scene | null>>) {
  return {
    /** The size of the canvas in pixels. */
    size: (): { width: number; height: number } =>
      scene.value?.camera.size ?? { width: 0, height: 0 },

    /** The part of the world that is in view. */
    view: (): Rect | null => scene.value?.camera.view ?? null,

    toWorld: (x: number, y: number): Point | null => scene.value?.camera.toWorld(x, y) ?? null,

    /** Zooms in (1) or out (-1). */
    zoom: (steps: number): void => scene.value?.camera.zoom(steps),

    /** Moves by pixels. */
    pan: (dx: number, dy: number): void => scene.value?.camera.pan(dx, dy),

    /** Shows the whole network. */
    fit: (): void => scene.value?.fit(true),

    centerOn(point: Point): void {
      scene.value?.camera.moveTo(point, scene.value.scale, false)
    },

    /** Zooms in on a group until its members are drawn. */
    expand(node: TopologyNode): void {
      scene.value?.camera.moveTo(node, node.expandScale * EXPAND_FACTOR, true)
    },

    /** Brings a node into view, near enough to be drawn as itself. */
    reveal(node: TopologyNode, animate = true): void {
      if (scene.value === null) return
      const { camera } = scene.value
      const { left, top, right, bottom } = camera.view
      const isInView = node.x > left && node.x < right && node.y > top && node.y < bottom
      const scale = Math.max(camera.scale, node.minScale * REVEAL_FACTOR)
      if (!isInView || scale > camera.scale) camera.moveTo(node, scale, animate)
    },
  }
}

export type CameraControls = ReturnType<typeof useCamera>
