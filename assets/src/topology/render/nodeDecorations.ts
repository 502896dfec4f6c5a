import type { Spot } from '../model/graph'
import { type Attention, isFolded, spotPixels } from './style'
import type { ToCanvas } from './containerAreas'
import { css, type Look, type Rgb } from './colorScheme'

/** From this diameter on there is room for a badge; below, the mark itself tells. */
const BADGE_FROM_PX = 13
const BADGE_PX = 15

/** What few devices have: halos, badges, a dotted outline. Drawn over the graphics card's nodes. */
export class Adornments {
  private badges: Record<'down' | 'degraded' | 'held', HTMLCanvasElement> | null = null
  private look: Look | null = null

  draw(
    context: CanvasRenderingContext2D,
    spot: Spot,
    scale: number,
    toCanvas: ToCanvas,
    look: Look,
    attention: Attention,
  ): void {
    const { effective_status: status, status_override: held } = spot.device
    const isLit =
      attention.selected.has(spot) || attention.hovered === spot || attention.traced.has(spot.key)
    if (!isLit && status === 'UP' && held === null && !spot.isFloating) return
    const [x, y] = toCanvas(spot.x, spot.y)
    const radius = spotPixels(spot, scale) / 2
    const isGroup = spot.role === 'container' || isFolded(spot, scale)
    const isRinged = status !== 'UP' && !isGroup && radius >= 6.5
    if (isLit) outline(context, spot, x, y, radius + (isRinged ? 6.5 : 3.5), isGroup, look.accent)
    else if (spot.isFloating && !isRinged) {
      context.setLineDash([2, 3])
      outline(context, spot, x, y, radius + 3, isGroup, look.lineStrong, 1)
      context.setLineDash([])
    }
    if (2 * radius < BADGE_FROM_PX || isGroup) return
    const badges = this.badgesIn(look)
    const offset = radius * 0.78
    const put = (badge: HTMLCanvasElement, dy: number): void => {
      const size = Math.min(Math.max(radius * 0.85, 11), BADGE_PX)
      context.drawImage(badge, x + offset - size / 2, y + dy - size / 2, size, size)
    }
    if (status === 'DOWN') put(badges.down, offset)
    else if (status === 'DEGRADED') put(badges.degraded, offset)
    if (held !== null) put(badges.held, -offset)
  }

  private badgesIn(look: Look): NonNullable<Adornments['badges']> {
    if (this.badges === null || this.look !== look) {
      this.look = look
      this.badges = {
        down: badge(look.down, look, disc, 'M9 9l6 6m0-6l-6 6', '#ffffff'),
        degraded: badge(look.degraded, look, triangle, 'M12 9.5v4.5M12 17v.3', '#1f1700'),
        held: badge(look.override, look, disc, 'M9.8 8h4.4M10.6 8v3.2L8.8 13.6h6.4l-1.8-2.4V8M12 13.6v3.4', '#ffffff'),
      }
    }
    return this.badges
  }
}

function outline(
  context: CanvasRenderingContext2D,
  { role }: Spot,
  x: number,
  y: number,
  radius: number,
  isGroup: boolean,
  color: Rgb,
  width = 2,
): void {
  context.beginPath()
  if (role === 'active' && !isGroup) {
    const side = radius * 0.96
    context.roundRect(x - side, y - side, 2 * side, 2 * side, radius * 0.42)
  } else context.arc(x, y, radius, 0, 2 * Math.PI)
  context.lineWidth = width
  context.strokeStyle = css(color)
  context.stroke()
}

type Shape = (context: CanvasRenderingContext2D, radius: number) => void

/** A sign on a ground of its own, on 24 units as the icons have. */
function badge(color: Rgb, look: Look, shape: Shape, sign: string, ink: string): HTMLCanvasElement {
  const canvas = document.createElement('canvas')
  canvas.width = 48
  canvas.height = 48
  const context = canvas.getContext('2d')
  if (context === null) return canvas
  context.scale(2, 2)
  context.fillStyle = css(look.ground)
  shape(context, 12)
  context.fillStyle = css(color)
  shape(context, 10)
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
