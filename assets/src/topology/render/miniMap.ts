import { boundsOf, type Point, type Rect } from '../model/geometry'
import { hasProblem, nodeStatus, type TopologyModel, type TopologyNode } from '../model/graph'
import { type ColorScheme, css } from './colorScheme'
import { containerArea } from './containerAreas'

const PADDING_PX = 10

/** Draws the whole network on a small canvas: containers, dots, problems, and the part in view. */
export class MiniMapRenderer {
  private readonly context: CanvasRenderingContext2D | null
  /** The network, kept so that only the view is drawn again with each frame. */
  private readonly background: HTMLCanvasElement
  private colors: ColorScheme | null = null
  private model: TopologyModel | null = null
  private drawn: TopologyNode[] = []
  private world: Rect = { left: 0, top: 0, right: 1, bottom: 1 }

  /** `width` and `height` in CSS pixels. */
  constructor(
    canvas: HTMLCanvasElement,
    private readonly width: number,
    private readonly height: number,
  ) {
    const ratio = window.devicePixelRatio
    this.background = document.createElement('canvas')
    for (const each of [canvas, this.background]) {
      each.width = width * ratio
      each.height = height * ratio
    }
    this.context = canvas.getContext('2d')
    this.context?.scale(ratio, ratio)
    this.background.getContext('2d')?.scale(ratio, ratio)
  }

  /** Draws the network; it appears with the next `drawView`. */
  drawNetwork(model: TopologyModel, colors: ColorScheme): void {
    const context = this.background.getContext('2d')
    if (context === null) return
    this.colors = colors
    this.world = boundsOf(model.nodes.values()) ?? { left: 0, top: 0, right: 1, bottom: 1 }
    context.clearRect(0, 0, this.width, this.height)
    const { scale } = this
    context.fillStyle = css(colors.lineStrong, 0.12)
    for (const container of model.containers) {
      const area = containerArea(container)
      if (area === null) continue
      const { left, top, right, bottom } = area.world
      const from = this.toCanvas(left, top)
      context.fillRect(from.x, from.y, (right - left) * scale, (bottom - top) * scale)
    }
    context.fillStyle = css(colors.lineStrong, 0.75)
    const nodes = this.nodesOf(model)
    for (const node of nodes) {
      const { x, y } = this.toCanvas(node.x, node.y)
      context.fillRect(x - 0.75, y - 0.75, 1.5, 1.5)
    }
    for (const node of nodes) {
      if (!hasProblem(node)) continue
      const isDown = nodeStatus(node) === 'DOWN' || node.counts.down > 0
      context.fillStyle = css(isDown ? colors.down : colors.degraded)
      const { x, y } = this.toCanvas(node.x, node.y)
      context.fillRect(x - 2, y - 2, 4, 4)
    }
  }

  /** Draws the network with a frame around the part in view. */
  drawView(view: Rect): void {
    const { context, colors } = this
    if (context === null || colors === null) return
    context.clearRect(0, 0, this.width, this.height)
    context.drawImage(this.background, 0, 0, this.width, this.height)
    const from = this.toCanvas(view.left, view.top)
    const to = this.toCanvas(view.right, view.bottom)
    context.fillStyle = css(colors.accent, 0.1)
    context.strokeStyle = css(colors.accent)
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

  /** Every node but the members of a PON, which their splitter represents. */
  private nodesOf(model: TopologyModel): TopologyNode[] {
    if (this.model !== model) {
      this.model = model
      this.drawn = model.order.filter(({ groupHead }) => groupHead === null)
    }
    return this.drawn
  }

  private get scale(): number {
    const { left, top, right, bottom } = this.world
    return Math.min(
      (this.width - 2 * PADDING_PX) / Math.max(1, right - left),
      (this.height - 2 * PADDING_PX) / Math.max(1, bottom - top),
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
