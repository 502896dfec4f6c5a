import { shallowRef } from 'vue'
import { may } from '../../stores/session'
import { formatCounted } from '../../utils/format'
import type { Point, Rect } from '../model/geometry'
import type { TopologyEdge, TopologyNode } from '../model/graph'
import { isCollapsed } from '../model/levelOfDetail'
import { PointerController } from '../pointerController'
import type { Scene } from '../scene/scene'
import type { Announcer } from './useAnnouncement'
import type { CameraControls } from './useCamera'
import type { Hover } from './useHover'
import type { Moves } from './useMoves'
import type { Navigation } from './useNavigation'
import type { Selection } from './useSelection'
import type { Tools } from './useTools'

interface Context {
  nodeOf: (id: number | null) => TopologyNode | null
  camera: CameraControls
  selection: Selection
  hover: Hover
  tools: Tools
  moves: Moves
  navigation: Navigation
  announcer: Announcer
}

/** What mouse and touch do on the canvas. */
export function usePointer(context: Context) {
  const { nodeOf, camera, selection, hover, tools, moves, navigation, announcer } = context
  /** The selection box that is being drawn, in pixels of the canvas. */
  const selectionBox = shallowRef<Rect | null>(null)
  /** The mouse is on a line, which a click would open. */
  const isOverLine = shallowRef(false)
  let controller: PointerController | null = null

  function attach(scene: Scene): void {
    controller = new PointerController(scene, {
      tool: () => tools.tool.value,
      canMove: () => may('operate'),
      draggedWith: (node) => {
        const nodes = selection.isSelected(node.id)
          ? [...selection.selectedIds.value].flatMap((id) => nodeOf(id) ?? [])
          : [node]
        return withMembers(nodes, scene.scale)
      },
      hover: hover.hover,
      hoverLine: (isOnLine) => (isOverLine.value = isOnLine),
      click,
      // The first click has opened the panel of a device already.
      doubleClick: (node) => {
        if (node !== null && isCollapsed(node, scene.scale)) camera.expand(node)
      },
      dragStart: () => {
        hover.hideCard()
        moves.startDrag()
      },
      dragEnd: moves.endDrag,
      boxChange: (box) => (selectionBox.value = box),
      boxSelect: (nodes, edges, isAdditive) => boxSelect(nodes, edges, isAdditive, scene.scale),
    })
  }

  /** Puts back what is being dragged; false when nothing is. */
  function cancel(): boolean {
    return controller?.cancel() === true
  }

  function detach(): void {
    controller = null
  }

  function click(
    { node, edges }: { node: TopologyNode | null; edges: TopologyEdge[] },
    world: Point,
    isAdditive: boolean,
  ): void {
    if (tools.tool.value === 'place') void tools.placeAt(world)
    else if (tools.tool.value === 'connect') {
      if (node !== null) void tools.connectTo(node)
    } else if (node === null && edges.length > 0) {
      if (isAdditive) selection.toggleLinks(edges.flatMap(linkIdsOf))
      else navigation.openEdges(edges)
    } else if (node === null) {
      if (!isAdditive) navigation.clear()
    } else if (isAdditive) selection.toggle(node.id)
    else navigation.open(node)
  }

  function boxSelect(nodes: TopologyNode[], edges: TopologyEdge[], isAdditive: boolean, scale: number): void {
    const before = isAdditive ? selection.selectedIds.value : []
    const linksBefore = isAdditive ? selection.selectedLinkIds.value : []
    const ids = nodes
      .flatMap((node) => [node, ...(isCollapsed(node, scale) ? node.members : [])])
      .map(({ id }) => id)
    selection.select([...before, ...ids], [...linksBefore, ...edges.flatMap(linkIdsOf)])
    announcer.announce(`${selectionText(selection)} selected.`)
  }

  return { selectionBox, isOverLine, attach, detach, cancel }
}

/** What is selected, as in "3 devices and 2 links". */
export function selectionText({ selectedIds, selectedLinkIds }: Selection): string {
  const [devices, links] = [selectedIds.value.size, selectedLinkIds.value.size]
  if (links === 0) return formatCounted(devices, 'device')
  const ofLinks = formatCounted(links, 'link')
  return devices === 0 ? ofLinks : `${formatCounted(devices, 'device')} and ${ofLinks}`
}

function linkIdsOf({ links }: TopologyEdge): number[] {
  return links.map(({ id }) => id)
}

/** The nodes with all that moves with them: the members of containers and of collapsed groups. */
export function withMembers(nodes: TopologyNode[], scale: number): TopologyNode[] {
  const all = new Set<TopologyNode>()
  for (const node of nodes) {
    all.add(node)
    if (node.role !== 'container' && !isCollapsed(node, scale)) continue
    for (const member of node.members) {
      all.add(member)
      for (const inner of member.members) all.add(inner)
    }
  }
  return [...all]
}
