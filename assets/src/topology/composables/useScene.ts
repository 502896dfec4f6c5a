import { onScopeDispose, shallowRef, type ShallowRef, watch } from 'vue'
import { theme } from '../../stores/theme'
import { yieldToBrowser } from '../../utils/slices'
import type { TopologyModel } from '../model/graph'
import { type ColorScheme, readColorScheme } from '../render/colorScheme'
import { Scene } from '../scene/scene'

const reducedMotion = window.matchMedia('(prefers-reduced-motion: reduce)')

/** The scene that draws the model on a canvas. `scene` is null while there is none. */
export function useScene(
  scene: ShallowRef<Scene | null>,
  model: Readonly<ShallowRef<TopologyModel | null>>,
) {
  /** Grows with each frame, so that overlays follow the camera. */
  const frameCount = shallowRef(0)
  let container: HTMLElement | null = null
  let current: Scene | null = null

  /** Draws the model in this element from now on; null if it was stopped before the first frame. */
  async function start(element: HTMLElement): Promise<Scene | null> {
    const { fontFamily } = getComputedStyle(document.body)
    const next = new Scene(element, colorsOf(element), fontFamily, () => reducedMotion.matches)
    container = element
    current = next
    // Compiling the shaders has taken long enough for one task.
    await yieldToBrowser()
    if (next.isDead || model.value === null) return null
    next.onFrame = () => {
      frameCount.value += 1
      // For tests and tools, which cannot read the position of the camera from the canvas.
      const { left, top } = next.camera.view
      element.dataset['view'] = `${left.toFixed(2)} ${top.toFixed(2)} ${next.scale.toFixed(6)}`
    }
    scene.value = next
    next.replace(model.value)
    return next
  }

  function stop(): void {
    current?.kill()
    current = null
    container = null
    scene.value = null
  }

  watch(
    theme,
    () => container !== null && scene.value?.setColors(colorsOf(container)),
    { flush: 'post' },
  )
  onScopeDispose(stop)

  return { frameCount, start, stop }
}

function colorsOf(element: HTMLElement): ColorScheme {
  return readColorScheme(element, theme.value === 'dark')
}
