import { type ShallowRef, watch } from 'vue'
import { devices } from '../../stores/devices'
import { askDelete, askDeleteLinks } from '../../stores/dialogs'
import { closePanel, openDevice, openLink, view } from '../../stores/view'
import { formatCounted } from '../../utils/format'
import { describeLink, describeNode } from '../describe'
import type { TopologyEdge, TopologyModel, TopologyNode } from '../model/graph'
import type { Scene } from '../scene/scene'
import type { Announcer } from './useAnnouncement'
import type { CameraControls } from './useCamera'
import type { Hover } from './useHover'
import type { Selection } from './useSelection'
import type { Tools } from './useTools'
import type { TraceControls } from './useTrace'

interface Context {
  scene: Readonly<ShallowRef<Scene | null>>
  model: Readonly<ShallowRef<TopologyModel | null>>
  nodeOf: (id: number | null) => TopologyNode | null
  camera: CameraControls
  selection: Selection
  hover: Hover
  trace: TraceControls
  tools: Tools
  announcer: Announcer
}

/** Goes to devices and links: by clicks, keys, and what the page shows in its panel. */
export function useNavigation(context: Context) {
  const { scene, model, nodeOf, camera, selection, hover, trace, tools, announcer } = context

  /** The device whose links `stepLink` goes through. */
  let steppedFromId: number | null = null

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

  /** Selects a link and opens its panel. */
  function openLinkOf(edge: TopologyEdge, id: number): void {
    selectLink(edge, id)
    hover.hideCard()
    openLink(id)
  }

  /** Opens the link of a line; selects its links if it is drawn for several pairs of devices. */
  function openEdges(edges: readonly TopologyEdge[]): void {
    const [only] = edges
    const link = only?.links.find(({ status }) => status !== 'UP') ?? only?.links[0]
    if (only !== undefined && link !== undefined && edges.length === 1) {
      openLinkOf(only, link.id)
      return
    }
    const ids = edges.flatMap(({ links }) => links.map(({ id }) => id))
    trace.end()
    closePanel()
    selection.select([], ids)
    announcer.announce(`${formatCounted(ids.length, 'link')} selected.`)
  }

  /** Shows a link that was opened elsewhere. */
  function showLink(id: number, animate: boolean): void {
    const edge = model.value?.edgeOfLink.get(id)
    if (edge === undefined) {
      selection.select([], [id])
      return
    }
    selectLink(edge, id)
    // The end that is drawn last when zooming in; the line is drawn from there on.
    camera.reveal(edge.a.minScale > edge.b.minScale ? edge.a : edge.b, animate)
  }

  function selectLink(edge: TopologyEdge, id: number): void {
    trace.end()
    selection.select([], [id])
    const link = edge.links.find((each) => each.id === id)
    if (link !== undefined) announcer.announce(describeLink(link, edge))
  }

  /** Selects the next link of the selected device; false without one, or without links. */
  function stepLink(): boolean {
    const before = selection.onlyLinkId()
    if (before === null) steppedFromId = selection.onlyId()
    else if (steppedFromId === null) steppedFromId = model.value?.edgeOfLink.get(before)?.a.id ?? null
    const edges = nodeOf(steppedFromId)?.edges ?? []
    const all = edges.flatMap((edge) => edge.links.map(({ id }) => ({ edge, id })))
    const next = all[(all.findIndex(({ id }) => id === before) + 1) % all.length]
    if (next === undefined) return false
    selectLink(next.edge, next.id)
    // The panel follows if it is open.
    if ((view.device ?? view.link) !== null) openLink(next.id)
    return true
  }

  /** Clears the selection and closes the panel. */
  function clear(): void {
    selection.select([])
    trace.end()
    closePanel()
  }

  /** Selects the next device in a direction, or without a selection the one nearest to the middle. */
  function step(direction: readonly [number, number]): void {
    if (scene.value === null) return
    const { index, scale } = scene.value
    const from = nodeOf(selection.firstId() ?? steppedFromId)
    steppedFromId = null
    const next =
      from === null ? scene.value.nodeNearCenter() : index.nearestTowards(from, direction, scale)
    if (next === null) return
    trace.end()
    selection.select([next.id])
    announcer.announce(describeNode(next))
    // The panel follows if it is open.
    if (view.link !== null) openDevice(next.id)
    else if (view.device !== null) view.device = next.id
    camera.reveal(next)
  }

  /** Does what a click on the selected device or link does; false unless exactly one is selected. */
  function activate(): boolean {
    const linkId = selection.onlyLinkId()
    if (linkId !== null) {
      openLink(linkId)
      return true
    }
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
    else if (!selection.isEmpty()) clear()
    else return false
    return true
  }

  async function deleteSelected(): Promise<void> {
    const ids = [...selection.selectedIds.value].filter((id) => devices.value.has(id))
    const linkIds = [...selection.selectedLinkIds.value]
    // The links of deleted devices go with them.
    if (ids.length > 0 ? await askDelete(ids) : linkIds.length > 0 && (await askDeleteLinks(linkIds))) clear()
  }

  watch(
    () => view.device,
    (id) => {
      if (id !== null && !selection.isSelected(id)) showDevice(id, true)
    },
  )
  watch(
    () => view.link,
    (id) => {
      if (id !== null && !selection.selectedLinkIds.value.has(id)) showLink(id, true)
    },
  )

  return { open, openEdges, showDevice, showLink, clear, step, stepLink, activate, escape, deleteSelected }
}

export type Navigation = ReturnType<typeof useNavigation>
