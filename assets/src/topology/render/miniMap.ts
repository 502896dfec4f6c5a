import { isInTrouble, type Network, type Spot } from '../model/graph'
import type { Point } from '../model/treeLayout'
import type { Rect } from '../scene/spatialIndex'
import { areaOf } from './containerAreas'
import { css, type Look } from './colorScheme'

const PAD_PX = 10

/** The whole network on a small canvas: grounds, dots, and every trouble. */
export class Overview {
  private readonly context: CanvasRenderingContext2D | null
  private readonly picture: HTMLCanvasElement
  private look: Look | null = null
  private network: Network | null = null
  private far: Spot[] = []
  private world: Rect = { left: 0, top: 0, right: 1, bottom: 1 }

  constructor(
    canvas: HTMLCanvasElement,
    private readonly width: number,
    private readonly height: number,
  ) {
    const ratio = window.devicePixelRatio
    this.picture = document.createElement('canvas')
    for (const each of [canvas, this.picture]) {
      each.width = width * ratio
      each.height = height * ratio
    }
    this.context = canvas.getContext('2d')
    this.context?.scale(ratio, ratio)
    this.picture.getContext('2d')?.scale(ratio, ratio)
  }

  /** Draws the network anew; the frame comes with `frame`. */
  paint(network: Network, look: Look): void {
    const context = this.picture.getContext('2d')
    if (context === null) return
    this.look = look
    this.world = boundsOf(network)
    context.clearRect(0, 0, this.width, this.height)
    const { scale } = this
    for (const site of network.containers) {
      const area = areaOf(site)
      if (area === null) continue
      const from = this.toCanvas(area.world.left, area.world.top)
      context.fillStyle = css(look.lineStrong, 0.12)
      const [w, h] = [area.world.right - area.world.left, area.world.bottom - area.world.top]
      context.fillRect(from.x, from.y, w * scale, h * scale)
    }
    context.fillStyle = css(look.lineStrong, 0.75)
    for (const spot of this.farOf(network)) {
      const { x, y } = this.toCanvas(spot.x, spot.y)
      context.fillRect(x - 0.75, y - 0.75, 1.5, 1.5)
    }
    for (const spot of this.farOf(network)) {
      if (!isInTrouble(spot)) continue
      const isDown = spot.device.effective_status === 'DOWN' || spot.tally.down > 0
      context.fillStyle = css(isDown ? look.down : look.degraded)
      const { x, y } = this.toCanvas(spot.x, spot.y)
      context.fillRect(x - 2, y - 2, 4, 4)
    }
  }

  frame(view: Rect): void {
    const { context, look } = this
    if (context === null || look === null) return
    context.clearRect(0, 0, this.width, this.height)
    context.drawImage(this.picture, 0, 0, this.width, this.height)
    const from = this.toCanvas(view.left, view.top)
    const to = this.toCanvas(view.right, view.bottom)
    context.fillStyle = css(look.accent, 0.1)
    context.strokeStyle = css(look.accent)
    context.lineWidth = 1.5
    context.beginPath()
    context.roundRect(from.x, from.y, to.x - from.x, to.y - from.y, 3)
    context.fill()
    context.stroke()
  }

  toWorld(x: number, y: number): Point {
    const { left, top, right, bottom } = this.world
    const { scale } = this
    return {
      x: (left + right) / 2 + (x - this.width / 2) / scale,
      y: (top + bottom) / 2 + (y - this.height / 2) / scale,
    }
  }

  /** From here, a PON's subscribers are the PON. */
  private farOf(network: Network): Spot[] {
    if (this.network !== network) {
      this.network = network
      this.far = network.order.filter(({ head }) => head === null)
    }
    return this.far
  }

  private get scale(): number {
    const { left, top, right, bottom } = this.world
    return Math.min(
      (this.width - 2 * PAD_PX) / Math.max(1, right - left),
      (this.height - 2 * PAD_PX) / Math.max(1, bottom - top),
    )
  }

  private toCanvas(x: number, y: number): Point {
    const { left, top, right, bottom } = this.world
    const { scale } = this
    return {
      x: this.width / 2 + (x - (left + right) / 2) * scale,
      y: this.height / 2 + (y - (top + bottom) / 2) * scale,
    }
  }
}

function boundsOf(network: Network): Rect {
  const world = { left: Infinity, top: Infinity, right: -Infinity, bottom: -Infinity }
  for (const { x, y } of network.spots.values()) {
    world.left = Math.min(world.left, x)
    world.top = Math.min(world.top, y)
    world.right = Math.max(world.right, x)
    world.bottom = Math.max(world.bottom, y)
  }
  return world.left > world.right ? { left: 0, top: 0, right: 1, bottom: 1 } : world
}
