import { shallowRef, type ShallowRef } from 'vue'
import type { DeviceType } from '../../api/types'
import { askConnect, askProvision } from '../../stores/dialogs'
import { openDevice } from '../../stores/view'
import { canConnect, connectRefusal } from '../linkEnds'
import type { Point } from '../model/geometry'
import type { TopologyNode } from '../model/graph'
import type { Tool } from '../pointerController'
import type { Scene } from '../scene/scene'
import type { Announcer } from './useAnnouncement'
import type { Selection } from './useSelection'
import type { TraceControls } from './useTrace'

interface Context {
  scene: Readonly<ShallowRef<Scene | null>>
  nodeOf: (id: number | null) => TopologyNode | null
  selection: Selection
  trace: TraceControls
  announcer: Announcer
}

/** The tool in use, and what the connect and place tools do. */
export function useTools({ scene, nodeOf, selection, trace, announcer }: Context) {
  const tool = shallowRef<Tool>('select')
  /** The device type that the place tool places. */
  const placeType = shallowRef<DeviceType | null>(null)
  /** The first end of the link that the connect tool makes. */
  const connectFromId = shallowRef<number | null>(null)

  function connectFrom(): TopologyNode | null {
    return nodeOf(connectFromId.value)
  }

  function setTool(next: Tool, type: DeviceType | null = null): void {
    tool.value = next
    placeType.value = type
    connectFromId.value = null
    if (next === 'connect') startConnecting()
  }

  /** Connects from the selected device, or else from the one that is clicked next. */
  function startConnecting(): void {
    trace.end()
    const node = nodeOf(selection.onlyId())
    if (node !== null && canConnect(null, node)) setConnectFrom(node)
    else announcer.announce('Choose the first device to connect.')
  }

  function setConnectFrom(node: TopologyNode): void {
    connectFromId.value = node.id
    announcer.announce(`Choose the device to connect ${node.device.name} to.`)
  }

  /** Takes a node as the next end of the link; with both ends, opens the dialog. */
  async function connectTo(node: TopologyNode): Promise<void> {
    const from = connectFrom()
    const refusal = connectRefusal(from, node)
    if (refusal !== null) {
      announcer.announce(refusal)
      return
    }
    if (from === null) {
      setConnectFrom(node)
      selection.select([node.id])
      return
    }
    setTool('select')
    const link = await askConnect({ a: from.id, b: node.id })
    if (link !== null) announcer.announce(`Connected ${from.device.name} and ${node.device.name}.`)
  }

  /** Opens the dialog to provision a device at a world point, in the container there. */
  async function placeAt(world: Point): Promise<void> {
    const type = placeType.value
    setTool('select')
    if (type === null) return
    const [x, y] = [Math.round(world.x), Math.round(world.y)]
    const container = scene.value?.containerAt(world)?.id ?? null
    const device = await askProvision({ type, x, y, container })
    if (device === null) return
    selection.select([device.id])
    openDevice(device.id)
  }

  return { tool, placeType, connectFrom, setTool, connectTo, placeAt }
}

export type Tools = ReturnType<typeof useTools>
