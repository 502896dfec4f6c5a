import type { TopologyNode } from '../model/graph'
import { type ColorScheme, css, type Rgb } from './colorScheme'
import type { LayerFrame } from './frame'
import { isGroupAt, nodeDiameterPx } from './style'

/** From this diameter on there is room for a badge; below it, the shape of the node shows its status. */
const BADGE_FROM_PX = 13
const BADGE_PX = 15

type Badge = 'down' | 'degraded' | 'overridden'

/** Halos, badges and dotted outlines. Few nodes have one, so they are drawn over sigma's nodes. */
export class NodeDecorations {
  private badges: Record<Badge, HTMLCanvasElement> | null = null
  private badgeColors: ColorScheme | null = null

  draw(context: CanvasRenderingContext2D, node: TopologyNode, frame: LayerFrame): void {
    const { colors, highlight, scale } = frame
    const { effective_status: status, status_override: override } = node.device
    const hasHalo =
      highlight.selected.has(node) || highlight.hovered === node || highlight.traced.has(node.key)
    if (!hasHalo && status === 'UP' && override === null && !node.isUnplaced) return
    const [x, y] = frame.toCanvas(node.x, node.y)
    const radius = nodeDiameterPx(node, scale) / 2
    const isGroup = isGroupAt(node, scale)
    const hasRing = status !== 'UP' && !isGroup && radius >= 6.5
    const outline = (distance: number, color: Rgb, width: number): void => {
      tracePath(context, x, y, radius + distance, node.role === 'active' && !isGroup)
      context.lineWidth = width
      context.strokeStyle = css(color)
      context.stroke()
    }
    if (hasHalo) outline(hasRing ? 6.5 : 3.5, colors.accent, 2)
    else if (node.isUnplaced && !hasRing) {
      context.setLineDash([2, 3])
      outline(3, colors.lineStrong, 1)
      context.setLineDash([])
    }
    if (2 * radius < BADGE_FROM_PX || isGroup) return
    const badges = this.badgesIn(colors)
    const size = Math.min(Math.max(radius * 0.85, 11), BADGE_PX)
    const offset = radius * 0.78
    const put = (badge: HTMLCanvasElement, dy: number): void =>
      context.drawImage(badge, x + offset - size / 2, y + dy - size / 2, size, size)
    if (status === 'DOWN') put(badges.down, offset)
    else if (status === 'DEGRADED') put(badges.degraded, offset)
    if (override !== null) put(badges.overridden, -offset)
  }

  private badgesIn(colors: ColorScheme): Record<Badge, HTMLCanvasElement> {
    if (this.badges === null || this.badgeColors !== colors) {
      const { down, degraded, override, ground } = colors
      this.badgeColors = colors
      this.badges = {
        down: drawBadge(down, ground, disc, 'M9 9l6 6m0-6l-6 6', '#ffffff'),
        degraded: drawBadge(degraded, ground, triangle, 'M12 9.5v4.5M12 17v.3', '#1f1700'),
        overridden: drawBadge(override, ground, disc, PIN, '#ffffff'),
      }
    }
    return this.badges
  }
}

/** The pin of an override, on 24 units as the icons. */
const PIN = 'M9.8 8h4.4M10.6 8v3.2L8.8 13.6h6.4l-1.8-2.4V8M12 13.6v3.4'

function tracePath(
  context: CanvasRenderingContext2D,
  x: number,
  y: number,
  radius: number,
  isSquare: boolean,
): void {
  context.beginPath()
  if (isSquare) {
    const side = radius * 0.96
    context.roundRect(x - side, y - side, 2 * side, 2 * side, radius * 0.42)
  } else context.arc(x, y, radius, 0, 2 * Math.PI)
}

type FillShape = (context: CanvasRenderingContext2D, radius: number) => void

/** A sign on a coloured shape with a margin, on 24 units as the icons. */
function drawBadge(
  color: Rgb,
  margin: Rgb,
  fillShape: FillShape,
  sign: string,
  ink: string,
): HTMLCanvasElement {
  const canvas = document.createElement('canvas')
  canvas.width = 48
  canvas.height = 48
  const context = canvas.getContext('2d')
  if (context === null) return canvas
  context.scale(2, 2)
  context.fillStyle = css(margin)
  fillShape(context, 12)
  context.fillStyle = css(color)
  fillShape(context, 10)
  context.lineWidth = 2
  context.lineCap = 'round'
  context.lineJoin = 'round'
  context.strokeStyle = ink
  context.stroke(new Path2D(sign))
  return canvas
}

function disc(context: CanvasRenderingContext2D, radius: number): void {
  context.beginPath()
  context.arc(12, 12, radius, 0, 2 * Math.PI)
  context.fill()
}

function triangle(context: CanvasRenderingContext2D, radius: number): void {
  context.beginPath()
  context.moveTo(12, 12 - radius)
  context.lineTo(12 + radius, 12 + radius * 0.72)
  context.lineTo(12 - radius, 12 + radius * 0.72)
  context.closePath()
  context.fill()
}
