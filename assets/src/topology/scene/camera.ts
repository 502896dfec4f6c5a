import type Sigma from 'sigma'
import type { Point } from '../model/treeLayout'
import type { Rect } from './spatialIndex'

/** World units on a side of sigma's fixed frame: its camera speaks in shares of it. */
export const FRAME_UNITS = 1_000
const ZOOM_STEP = 1.5
const ANIMATION_MS = 320
/** Nearer than this, one icon would fill the canvas. */
const SCALE_MAX = 6
const PAD_PX = 56
/** A lone device would otherwise be shown as large as the canvas. */
const FIT_SCALE_MAX = 1.4

/** The camera, in world units and pixels of the canvas. */
export class Eye {
  constructor(
    private readonly sigma: Sigma,
    private readonly isCalm: () => boolean,
  ) {}

  /** Pixels per world unit. */
  get scale(): number {
    return this.side() / (FRAME_UNITS * this.sigma.getCamera().ratio)
  }

  /** The world point in the middle of the canvas. */
  get center(): Point {
    const { x, y } = this.sigma.getCamera()
    return { x: x * FRAME_UNITS, y: -y * FRAME_UNITS }
  }

  /** Pixels of the canvas. */
  get size(): { width: number; height: number } {
    return this.sigma.getDimensions()
  }

  toCanvas(): (x: number, y: number) => [number, number] {
    const { scale, center } = this
    const { width, height } = this.sigma.getDimensions()
    return (x, y) => [width / 2 + (x - center.x) * scale, height / 2 + (y - center.y) * scale]
  }

  toWorld(x: number, y: number): Point {
    const { scale, center } = this
    const { width, height } = this.sigma.getDimensions()
    return { x: center.x + (x - width / 2) / scale, y: center.y + (y - height / 2) / scale }
  }

  /** The part of the world that is in sight. */
  get view(): Rect {
    const { width, height } = this.sigma.getDimensions()
    const from = this.toWorld(0, 0)
    const to = this.toWorld(width, height)
    return { left: from.x, top: from.y, right: to.x, bottom: to.y }
  }

  look(center: Point, scale: number, animate: boolean): void {
    const camera = this.sigma.getCamera()
    const ratio = this.side() / (FRAME_UNITS * Math.min(scale, SCALE_MAX))
    const state = { x: center.x / FRAME_UNITS, y: -center.y / FRAME_UNITS, ratio, angle: 0 }
    if (animate && !this.isCalm()) {
      void camera.animate(state, { duration: ANIMATION_MS, easing: 'quadraticInOut' })
    } else camera.setState(state)
  }

  /** Zooms by steps, in (1) or out (-1), around the middle. */
  zoom(steps: number): void {
    this.look(this.center, this.scale * ZOOM_STEP ** steps, true)
  }

  /** Moves by pixels. */
  pan(dx: number, dy: number): void {
    const { center, scale } = this
    this.look({ x: center.x + dx / scale, y: center.y + dy / scale }, scale, false)
  }

  /** Shows all these places, no nearer than is useful. `farthest`: the least scale that shows more. */
  fit(places: Iterable<Point>, farthest: number, animate: boolean): void {
    const box = { left: Infinity, top: Infinity, right: -Infinity, bottom: -Infinity }
    for (const { x, y } of places) {
      box.left = Math.min(box.left, x)
      box.top = Math.min(box.top, y)
      box.right = Math.max(box.right, x)
      box.bottom = Math.max(box.bottom, y)
    }
    if (box.left > box.right) return
    const { width, height } = this.sigma.getDimensions()
    const scale = Math.min(
      (width - 2 * PAD_PX) / Math.max(1, box.right - box.left),
      (height - 2 * PAD_PX) / Math.max(1, box.bottom - box.top),
      FIT_SCALE_MAX,
    )
    const least = Math.min(scale / 3, farthest)
    // By sigma's settings, it would process the whole graph anew.
    const camera = this.sigma.getCamera()
    camera.maxRatio = this.side() / (FRAME_UNITS * least)
    camera.minRatio = this.side() / (FRAME_UNITS * SCALE_MAX)
    const center = { x: (box.left + box.right) / 2, y: (box.top + box.bottom) / 2 }
    this.look(center, Math.max(scale, 1e-6), animate)
  }

  private side(): number {
    const { width, height } = this.sigma.getDimensions()
    return Math.min(width, height)
  }
}
