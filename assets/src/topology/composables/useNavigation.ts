import { type ShallowRef, watch } from 'vue'
import { devices } from '../../stores/devices'
import { askDelete } from '../../stores/dialogs'
import { openDevice, view } from '../../stores/view'
import { describeNode } from '../describe'
import type { TopologyNode } from '../model/graph'
import type { Scene } from '../scene/scene'
import type { Announcer } from './useAnnouncement'
import type { CameraControls } from './useCamera'
import type { Hover } from './useHover'
import type { Selection } from './useSelection'
import type { Tools } from './useTools'
import type { TraceControls } from './useTrace'

interface Context {
  scene: Readonly<ShallowRef<Scene | null>>
  nodeOf: (id: number | null) => TopologyNode | null
  camera: CameraControls
  selection: Selection
  hover: Hover
  trace: TraceControls
  tools: Tools
  announcer: Announcer
}

/** Goes to devices: by clicks, keys, and the device that the page shows in its panel. */
export function useNavigation(context: Context) {
  const { scene, nodeOf, camera, selection, hover, trace, tools, announcer } = context

  /** Selects a device and opens its panel. */
  function open(node: TopologyNode): void {
    selection.select([node.id])
    // The panel makes the canvas smaller, which moves the node away from the card.
    hover.hideCard()
    openDevice(node.id)
    announcer.announce(describeNode(node))
    if (node.role === 'leaf') void trace.start(node.id)
    else trace.end()
  }

  /** Shows a device that was opened elsewhere: by a link, the search, or the browser's Back. */
  function showDevice(id: number, animate: boolean): void {
    selection.select([id])
    trace.end()
    const node = nodeOf(id)
    if (node === null) return
    camera.reveal(node, animate)
    announcer.announce(describeNode(node))
    if (node.role === 'leaf') void trace.start(id)
  }

  /** Clears the selection and closes the panel. */
  function clear(): void {
    selection.select([])
    trace.end()
    view.device = null
  }

  /** Selects the next device in a direction, or without a selection the one nearest to the middle. */
  function step(direction: readonly [number, number]): void {
    if (scene.value === null) return
    const { index, scale } = scene.value
    const from = nodeOf(selection.firstId())
    const next =
      from === null ? scene.value.nodeNearCenter() : index.nearestTowards(from, direction, scale)
    if (next === null) return
    trace.end()
    selection.select([next.id])
    announcer.announce(describeNode(next))
    // The panel follows if it is open.
    if (view.device !== null) view.device = next.id
    camera.reveal(next)
  }

  /** Does what a click on the selected device does; false unless exactly one is selected. */
  function activate(): boolean {
    const node = nodeOf(selection.onlyId())
    if (node === null) return false
    if (tools.tool.value === 'connect') void tools.connectTo(node)
    else open(node)
    return true
  }

  /** Ends the tool, the trace or the selection, the first of them that there is; false if none. */
  function escape(): boolean {
    if (tools.tool.value !== 'select') tools.setTool('select')
    else if (trace.trace.value !== null) trace.end()
    else if (selection.selectedIds.value.size > 0) clear()
    else return false
    return true
  }

  async function deleteSelected(): Promise<void> {
    const ids = [...selection.selectedIds.value].filter((id) => devices.value.has(id))
    if (ids.length > 0 && (await askDelete(ids))) clear()
  }

  watch(
    () => view.device,
    (id) => {
      if (id !== null && !selection.isSelected(id)) showDevice(id, true)
    },
  )

  return { open, showDevice, clear, step, activate, escape, deleteSelected }
}

export type Navigation = ReturnType<typeof useNavigation>
