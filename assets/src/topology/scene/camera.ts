import type Sigma from 'sigma'
import { boundsOf, type Point, type Rect } from '../model/geometry'

/** World units on a side of sigma's fixed bounding box, which its camera's coordinates are shares of. */
export const SIGMA_BOX_UNITS = 1_000
const ZOOM_STEP = 1.5
const ANIMATION_MS = 320
/** Any closer, one icon would fill the canvas. */
const SCALE_MAX = 6
const PADDING_PX = 56
/** A lone device would otherwise be fitted to the whole canvas. */
const FIT_SCALE_MAX = 1.4
/** Keeps the ratio of sigma's camera finite. */
const FIT_SCALE_MIN = 1e-6

/** The camera, in world units and pixels of the canvas. */
export class Camera {
  constructor(
    private readonly sigma: Sigma,
    private readonly prefersReducedMotion: () => boolean,
  ) {}

  /** Pixels per world unit. */
  get scale(): number {
    return this.side() / (SIGMA_BOX_UNITS * this.sigma.getCamera().ratio)
  }

  /** The world point in the middle of the canvas. */
  get center(): Point {
    const { x, y } = this.sigma.getCamera()
    return { x: x * SIGMA_BOX_UNITS, y: -y * SIGMA_BOX_UNITS }
  }

  /** The size of the canvas in pixels. */
  get size(): { width: number; height: number } {
    return this.sigma.getDimensions()
  }

  /** The part of the world that is in view. */
  get view(): Rect {
    const { width, height } = this.size
    const from = this.toWorld(0, 0)
    const to = this.toWorld(width, height)
    return { left: from.x, top: from.y, right: to.x, bottom: to.y }
  }

  toCanvas(): (x: number, y: number) => [x: number, y: number] {
    const { scale, center } = this
    const { width, height } = this.size
    return (x, y) => [width / 2 + (x - center.x) * scale, height / 2 + (y - center.y) * scale]
  }

  toWorld(x: number, y: number): Point {
    const { scale, center } = this
    const { width, height } = this.size
    return { x: center.x + (x - width / 2) / scale, y: center.y + (y - height / 2) / scale }
  }

  moveTo(center: Point, scale: number, animate: boolean): void {
    const camera = this.sigma.getCamera()
    const ratio = this.side() / (SIGMA_BOX_UNITS * Math.min(scale, SCALE_MAX))
    const state = {
      x: center.x / SIGMA_BOX_UNITS,
      y: -center.y / SIGMA_BOX_UNITS,
      ratio,
      angle: 0,
    }
    if (animate && !this.prefersReducedMotion()) {
      void camera.animate(state, { duration: ANIMATION_MS, easing: 'quadraticInOut' })
    } else camera.setState(state)
  }

  /** Zooms in (1) or out (-1) by steps, around the middle. */
  zoom(steps: number): void {
    this.moveTo(this.center, this.scale * ZOOM_STEP ** steps, true)
  }

  /** Moves by pixels. */
  pan(dx: number, dy: number): void {
    const { center, scale } = this
    this.moveTo({ x: center.x + dx / scale, y: center.y + dy / scale }, scale, false)
  }

  /** Shows all these points. `lowestScale`: how far one can zoom out afterwards, at least. */
  fit(points: Iterable<Point>, lowestScale: number, animate: boolean): void {
    const bounds = boundsOf(points)
    if (bounds === null) return
    const { left, top, right, bottom } = bounds
    const { width, height } = this.size
    const scale = Math.min(
      (width - 2 * PADDING_PX) / Math.max(1, right - left),
      (height - 2 * PADDING_PX) / Math.max(1, bottom - top),
      FIT_SCALE_MAX,
    )
    // Set on the camera: sigma would process the whole graph again after a change of its settings.
    const camera = this.sigma.getCamera()
    camera.maxRatio = this.side() / (SIGMA_BOX_UNITS * Math.min(scale / 3, lowestScale))
    camera.minRatio = this.side() / (SIGMA_BOX_UNITS * SCALE_MAX)
    const center = { x: (left + right) / 2, y: (top + bottom) / 2 }
    this.moveTo(center, Math.max(scale, FIT_SCALE_MIN), animate)
  }

  private side(): number {
    const { width, height } = this.size
    return Math.min(width, height)
  }
}
