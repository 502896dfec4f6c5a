import { type ColorScheme, css, type Rgb } from './colorScheme'

export type Badge = 'down' | 'degraded' | 'overridden' | 'work'

/** The signs at nodes and links, drawn once per colour scheme. */
export class Badges {
  private badges: Record<Badge, HTMLCanvasElement> | null = null
  private badgeColors: ColorScheme | null = null

  of(colors: ColorScheme): Record<Badge, HTMLCanvasElement> {
    if (this.badges === null || this.badgeColors !== colors) {
      const { down, degraded, override, ground, textSoft, surface } = colors
      this.badgeColors = colors
      this.badges = {
        down: drawBadge(down, ground, disc, 'M9 9l6 6m0-6l-6 6', '#ffffff'),
        degraded: drawBadge(degraded, ground, triangle, 'M12 9.5v4.5M12 17v.3', '#1f1700'),
        work: drawBadge(textSoft, ground, square, 'M9.8 8.5v7M14.2 8.5v7', css(surface)),
        overridden: drawBadge(override, ground, disc, PIN, '#ffffff'),
      }
    }
    return this.badges
  }
}

/** The pin of an override, on 24 units as the icons. */
const PIN = 'M9.8 8h4.4M10.6 8v3.2L8.8 13.6h6.4l-1.8-2.4V8M12 13.6v3.4'

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

function square(context: CanvasRenderingContext2D, radius: number): void {
  const side = radius * 0.92
  context.beginPath()
  context.roundRect(12 - side, 12 - side, 2 * side, 2 * side, radius * 0.36)
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
