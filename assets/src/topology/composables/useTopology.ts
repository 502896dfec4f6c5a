import { shallowRef } from 'vue'
import { view } from '../../stores/view'
import type { Scene } from '../scene/scene'
import { useAnnouncement } from './useAnnouncement'
import { useCamera } from './useCamera'
import { useHighlight } from './useHighlight'
import { useHover } from './useHover'
import { useMoves } from './useMoves'
import { useNavigation } from './useNavigation'
import { usePointer } from './usePointer'
import { useScene } from './useScene'
import { useSelection } from './useSelection'
import { useTools } from './useTools'
import { useTopologyModel } from './useTopologyModel'
import { useTrace } from './useTrace'

/** The state and the commands of the topology page, by concern. */
export function useTopology(canDraw: boolean) {
  const scene = shallowRef<Scene | null>(null)
  const { model, nodeOf, sync } = useTopologyModel(scene, canDraw)
  const { frameCount, start, stop } = useScene(scene, model)
  const announcer = useAnnouncement()
  const camera = useCamera(scene)
  const selection = useSelection()
  const hover = useHover(scene, model, frameCount)
  const trace = useTrace(selection, announcer)
  const tools = useTools({ scene, nodeOf, selection, trace, announcer })
  const moves = useMoves(model, sync)
  const navigation = useNavigation({
    scene, model, nodeOf, camera, selection, hover, trace, tools, announcer,
  })
  const pointer = usePointer({
    nodeOf, camera, selection, hover, tools, moves, navigation, announcer,
  })
  useHighlight({ scene, model, selection, trace, tools })

  /** Draws the topology in this element until `stopDrawing`. */
  async function startDrawing(container: HTMLElement): Promise<void> {
    const started = await start(container)
    if (started === null) return
    pointer.attach(started)
    if (view.device !== null) navigation.showDevice(view.device, false)
    else if (view.link !== null) navigation.showLink(view.link, false)
  }

  function stopDrawing(): void {
    pointer.detach()
    stop()
  }

  /** Ends a drag, or else the tool, the trace or the selection; false if there is none. */
  function escape(): boolean {
    return pointer.cancel() || navigation.escape()
  }

  return {
    scene,
    model,
    nodeOf,
    frameCount,
    announcement: announcer.announcement,
    camera,
    selection,
    hover,
    trace,
    tools,
    moves,
    navigation,
    selectionBox: pointer.selectionBox,
    isOverLine: pointer.isOverLine,
    startDrawing,
    stopDrawing,
    escape,
  }
}

export type Topology = ReturnType<typeof useTopology>
