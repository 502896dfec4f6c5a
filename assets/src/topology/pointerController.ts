import type { Point } from './model/treeLayout'
import type { Spot } from './model/graph'
import type { Rect } from './scene/spatialIndex'
import type { Scene } from './scene/scene'

/** Moving less than this is a click. */
const CLICK_PX = 4

/** What a press on the empty canvas does. */
export type Tool = 'select' | 'box' | 'connect' | 'place'

export interface HandPorts {
  scene(): Scene
  tool(): Tool
  /** What a drag that begins on this spot takes with it. */
  taken(spot: Spot): Spot[]
  hover(spot: Spot | null, at: Point): void
  /** A click on a spot, or beside all. `adds`: to what is chosen already. */
  click(spot: Spot | null, world: Point, adds: boolean): void
  /** A double click. */
  open(spot: Spot | null): void
  dragStart(): void
  /** Places are already the new ones. */
  dragEnd(spots: Spot[], before: Map<Spot, Point>): void
  /** The frame that is being drawn, in pixels of the canvas; null at its end. */
  frame(box: Rect | null): void
  boxed(spots: Spot[], adds: boolean): void
}

type Grip =
  | { kind: 'drag'; spots: Spot[]; before: Map<Spot, Point>; from: Point; isMoving: boolean }
  | { kind: 'box'; from: Point; adds: boolean }
  | { kind: 'pan'; from: Point }

interface At {
  x: number
  y: number
  original: MouseEvent | TouchEvent
  preventSigmaDefault(): void
}

/** Mouse and finger on the canvas. The camera's own gestures stay sigma's. */
export class Hands {
  private grip: Grip | null = null
  private moved = 0
  private clicked: Point = { x: -Infinity, y: -Infinity }

  constructor(private readonly ports: HandPorts) {
    const { mouse, touch } = ports.scene()
    mouse.on('mousedown', (at) => this.down(at))
    mouse.on('mousemovebody', (at) => this.move(at))
    mouse.on('mouseup', (at) => this.up(at))
    mouse.on('mouseleave', () => {
      if (this.grip === null) ports.hover(null, { x: 0, y: 0 })
    })
    mouse.on('doubleClick', (at) => {
      at.preventSigmaDefault()
      if (this.moved < CLICK_PX && near(at, this.clicked)) this.ports.open(this.find(at))
    })
    touch.on('tap', ({ touches: [at] }) => {
      if (at !== undefined) this.clickAt(at, false)
    })
  }

  /** Puts back what is being dragged; false when nothing is. */
  cancel(): boolean {
    const { grip } = this
    this.grip = null
    this.ports.frame(null)
    if (grip?.kind !== 'drag' || !grip.isMoving) return false
    for (const [spot, { x, y }] of grip.before) Object.assign(spot, { x, y })
    this.ports.scene().moved(grip.spots)
    this.ports.dragEnd([], grip.before)
    return true
  }

  private down(at: At): void {
    if (!(at.original instanceof MouseEvent) || at.original.button !== 0) return
    this.moved = 0
    const scene = this.ports.scene()
    const tool = this.ports.tool()
    const spot = scene.at(at.x, at.y)
    const from = { x: at.x, y: at.y }
    if (spot !== null && (tool === 'select' || tool === 'box')) {
      const spots = this.ports.taken(spot)
      const before = new Map(spots.map((each) => [each, { x: each.x, y: each.y }]))
      this.grip = { kind: 'drag', spots, before, from: scene.eye.toWorld(at.x, at.y), isMoving: false }
    } else if (tool === 'box' || (tool === 'select' && at.original.shiftKey)) {
      this.grip = { kind: 'box', from, adds: isAdding(at.original) }
    } else this.grip = { kind: 'pan', from }
  }

  private move(at: At): void {
    const { grip, ports } = this
    const scene = ports.scene()
    if (grip === null) {
      const canvas = at.original.target
      const isOver = canvas instanceof Element && canvas.classList.contains('sigma-mouse')
      ports.hover(isOver ? scene.at(at.x, at.y) : null, at)
      return
    }
    if (grip.kind === 'pan') {
      this.moved = Math.max(this.moved, Math.hypot(at.x - grip.from.x, at.y - grip.from.y))
      return
    }
    at.preventSigmaDefault()
    at.original.preventDefault()
    if (grip.kind === 'box') {
      this.moved = Math.max(this.moved, Math.hypot(at.x - grip.from.x, at.y - grip.from.y))
      ports.frame(boxOf(grip.from, at))
      return
    }
    const to = scene.eye.toWorld(at.x, at.y)
    const [dx, dy] = [to.x - grip.from.x, to.y - grip.from.y]
    this.moved = Math.max(this.moved, Math.hypot(dx, dy) * scene.scale)
    if (!grip.isMoving && this.moved < CLICK_PX) return
    if (!grip.isMoving) ports.dragStart()
    grip.isMoving = true
    for (const [spot, { x, y }] of grip.before) Object.assign(spot, { x: x + dx, y: y + dy })
    scene.moved(grip.spots)
  }

  private up(at: At): void {
    const { grip, ports } = this
    this.grip = null
    if (grip === null) return
    ports.frame(null)
    if (this.moved < CLICK_PX) {
      // Sigma would take a second quick click for a double one, wherever it is.
      this.clickAt(at, isAdding(at.original))
      return
    }
    if (grip.kind === 'drag' && grip.isMoving) ports.dragEnd(grip.spots, grip.before)
    if (grip.kind !== 'box') return
    ports.boxed(ports.scene().inside(boxOf(grip.from, at)), grip.adds)
  }

  private clickAt(at: Point, adds: boolean): void {
    this.clicked = { x: at.x, y: at.y }
    this.ports.click(this.find(at), this.ports.scene().eye.toWorld(at.x, at.y), adds)
  }

  private find(at: Point): Spot | null {
    return this.ports.scene().at(at.x, at.y)
  }
}

function boxOf(from: Point, to: Point): Rect {
  return {
    left: Math.min(from.x, to.x),
    top: Math.min(from.y, to.y),
    right: Math.max(from.x, to.x),
    bottom: Math.max(from.y, to.y),
  }
}

function near(one: Point, other: Point): boolean {
  return Math.hypot(one.x - other.x, one.y - other.y) < CLICK_PX
}

function isAdding(event: MouseEvent | TouchEvent): boolean {
  return event.ctrlKey || event.metaKey || event.shiftKey
}
