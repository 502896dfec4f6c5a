import type { Point, Rect } from './model/geometry'
import type { TopologyEdge, TopologyNode } from './model/graph'
import type { Scene } from './scene/scene'

/** A press that moves less than this is a click. */
const CLICK_PX = 4
const PRIMARY_BUTTON = 0

/** What a press on the canvas does. */
export type Tool = 'select' | 'box' | 'connect' | 'place'

/** What the page does for each gesture. Points are in pixels of the canvas unless they are called world. */
export interface PointerHandlers {
  tool(): Tool
  /** Whether devices may be moved; otherwise a drag moves the picture. */
  canMove(): boolean
  /** The nodes that a drag of this one moves. */
  draggedWith(node: TopologyNode): TopologyNode[]
  hover(node: TopologyNode | null, at: Point): void
  /** Whether the mouse is on a line. */
  hoverLine(isOnLine: boolean): void
  /** A click on a node, else on the line of edges, else on the background. `isAdditive`: with Ctrl, Cmd or Shift. */
  click(target: { node: TopologyNode | null; edges: TopologyEdge[] }, world: Point, isAdditive: boolean): void
  doubleClick(node: TopologyNode | null): void
  dragStart(): void
  /** The nodes are at their new positions; there are none when the drag was cancelled. */
  dragEnd(nodes: TopologyNode[], before: Map<TopologyNode, Point>): void
  /** The selection box while it is drawn; null at its end. */
  boxChange(box: Rect | null): void
  boxSelect(nodes: TopologyNode[], edges: TopologyEdge[], isAdditive: boolean): void
}

type Gesture =
  | { kind: 'drag'; nodes: TopologyNode[]; before: Map<TopologyNode, Point>; from: Point; isMoving: boolean }
  | { kind: 'box'; from: Point; isAdditive: boolean }
  | { kind: 'pan'; from: Point }

/** The events of sigma's captors. */
interface CaptorEvent extends Point {
  original: MouseEvent | TouchEvent
  preventSigmaDefault(): void
}

/** Turns mouse and touch events on the canvas into gestures. Sigma pans and zooms the camera itself. */
export class PointerController {
  private gesture: Gesture | null = null
  /** How far the pointer has moved during the gesture, in pixels. */
  private distance = 0
  private lastClick: Point = { x: -Infinity, y: -Infinity }

  constructor(
    private readonly scene: Scene,
    private readonly handlers: PointerHandlers,
  ) {
    const { mouse, touch } = scene
    mouse.on('mousedown', (event) => this.down(event))
    mouse.on('mousemovebody', (event) => this.move(event))
    mouse.on('mouseup', (event) => this.up(event))
    mouse.on('mouseleave', () => {
      if (this.gesture === null) handlers.hover(null, { x: 0, y: 0 })
    })
    mouse.on('doubleClick', (event) => {
      event.preventSigmaDefault()
      const isSamePlace = distanceBetween(event, this.lastClick) < CLICK_PX
      if (this.distance < CLICK_PX && isSamePlace) handlers.doubleClick(scene.nodeAt(event))
    })
    touch.on('tap', ({ touches: [point] }) => {
      if (point !== undefined) this.clickAt(point, false)
    })
  }

  /** Ends a gesture and puts dragged nodes back; false when nothing was dragged. */
  cancel(): boolean {
    const { gesture } = this
    this.gesture = null
    this.handlers.boxChange(null)
    if (gesture?.kind !== 'drag' || !gesture.isMoving) return false
    for (const [node, { x, y }] of gesture.before) Object.assign(node, { x, y })
    this.scene.nodesMoved(gesture.nodes)
    this.handlers.dragEnd([], gesture.before)
    return true
  }

  private down(event: CaptorEvent): void {
    const { original } = event
    if (!(original instanceof MouseEvent) || original.button !== PRIMARY_BUTTON) return
    this.distance = 0
    const tool = this.handlers.tool()
    const node = this.scene.nodeAt(event)
    const from = { x: event.x, y: event.y }
    if (node !== null && (tool === 'select' || tool === 'box') && this.handlers.canMove()) {
      const nodes = this.handlers.draggedWith(node)
      const before = new Map(nodes.map((each) => [each, { x: each.x, y: each.y }]))
      const world = this.scene.camera.toWorld(from.x, from.y)
      this.gesture = { kind: 'drag', nodes, before, from: world, isMoving: false }
    } else if (tool === 'box' || (tool === 'select' && original.shiftKey)) {
      this.gesture = { kind: 'box', from, isAdditive: hasModifier(original) }
    } else this.gesture = { kind: 'pan', from }
  }

  private move(event: CaptorEvent): void {
    const { gesture, handlers, scene } = this
    if (gesture === null) {
      const { target } = event.original
      const isOnCanvas = target instanceof Element && target.classList.contains('sigma-mouse')
      const node = isOnCanvas ? scene.nodeAt(event) : null
      handlers.hover(node, event)
      handlers.hoverLine(isOnCanvas && node === null && scene.isLineAt(event))
      return
    }
    if (gesture.kind !== 'drag') {
      this.distance = Math.max(this.distance, distanceBetween(event, gesture.from))
    }
    if (gesture.kind === 'pan') return
    event.preventSigmaDefault()
    event.original.preventDefault()
    if (gesture.kind === 'box') handlers.boxChange(rectBetween(gesture.from, event))
    else this.drag(gesture, event)
  }

  private drag(gesture: Gesture & { kind: 'drag' }, event: CaptorEvent): void {
    const to = this.scene.camera.toWorld(event.x, event.y)
    const [dx, dy] = [to.x - gesture.from.x, to.y - gesture.from.y]
    this.distance = Math.max(this.distance, Math.hypot(dx, dy) * this.scene.scale)
    if (!gesture.isMoving && this.distance < CLICK_PX) return
    if (!gesture.isMoving) this.handlers.dragStart()
    gesture.isMoving = true
    for (const [node, { x, y }] of gesture.before) Object.assign(node, { x: x + dx, y: y + dy })
    this.scene.nodesMoved(gesture.nodes)
  }

  private up(event: CaptorEvent): void {
    const { gesture, handlers } = this
    this.gesture = null
    if (gesture === null) return
    handlers.boxChange(null)
    if (this.distance < CLICK_PX) {
      // Not sigma's click event: it takes two quick clicks at different places for a double click.
      this.clickAt(event, hasModifier(event.original))
      return
    }
    if (gesture.kind === 'drag' && gesture.isMoving) handlers.dragEnd(gesture.nodes, gesture.before)
    if (gesture.kind !== 'box') return
    const box = rectBetween(gesture.from, event)
    handlers.boxSelect(this.scene.nodesIn(box), this.scene.edgesIn(box), gesture.isAdditive)
  }

  private clickAt({ x, y }: Point, isAdditive: boolean): void {
    this.lastClick = { x, y }
    const node = this.scene.nodeAt({ x, y })
    const edges = node === null ? this.scene.edgesAt({ x, y }) : []
    this.handlers.click({ node, edges }, this.scene.camera.toWorld(x, y), isAdditive)
  }
}

function rectBetween(from: Point, to: Point): Rect {
  return {
    left: Math.min(from.x, to.x),
    top: Math.min(from.y, to.y),
    right: Math.max(from.x, to.x),
    bottom: Math.max(from.y, to.y),
  }
}

function distanceBetween(one: Point, other: Point): number {
  return Math.hypot(one.x - other.x, one.y - other.y)
}

function hasModifier(event: MouseEvent | TouchEvent): boolean {
  return event.ctrlKey || event.metaKey || event.shiftKey
}
