import type { Spot } from '../model/graph'
import type { Rect } from '../scene/spatialIndex'
import { css, type Look } from './colorScheme'

const PAD = 40
const RADIUS_PX = 12
/** From the uppermost device to the edge: room for the name. */
const TITLE_PX = 44
const FONT_PX = 12

/** A container's ground, in pixels of the canvas. */
export interface Area {
  site: Spot
  world: Rect
}

/** A container's name where it stands on the canvas; a click on it chooses the container. */
export interface Title {
  site: Spot
  text: string
  /** 0 to 1, while the container opens. */
  shown: number
  box: Rect
}

/** The ground that a container's devices and what hangs off them take; null for an empty one. */
export function areaOf(site: Spot): Area | null {
  if (site.members.length === 0) return null
  const world = { left: Infinity, top: Infinity, right: -Infinity, bottom: -Infinity }
  for (const { x, y } of site.members) {
    world.left = Math.min(world.left, x - PAD)
    world.top = Math.min(world.top, y - PAD)
    world.right = Math.max(world.right, x + PAD)
    world.bottom = Math.max(world.bottom, y + PAD)
  }
  return { site, world }
}

/** Where a world point is on the canvas. */
export type ToCanvas = (x: number, y: number) => [x: number, y: number]

/** Draws the grounds of open containers; returns where their names belong. */
export function drawAreas(
  context: CanvasRenderingContext2D,
  areas: readonly Area[],
  scale: number,
  toCanvas: ToCanvas,
  look: Look,
  font: string,
  canvas: { width: number; height: number },
): Title[] {
  const titles: Title[] = []
  context.font = `600 ${FONT_PX}px ${font}`
  for (const { site, world } of areas) {
    const shown = Math.min(1, Math.max(0, scale / site.opensAt - 0.9) / 0.2)
    if (shown === 0) continue
    const [left, inner] = toCanvas(world.left, world.top)
    const top = inner - Math.max(0, TITLE_PX - PAD * scale)
    const [right, bottom] = toCanvas(world.right, world.bottom)
    if (right < 0 || bottom < 0 || left > canvas.width || top > canvas.height) continue
    context.globalAlpha = shown
    context.beginPath()
    context.roundRect(left, top, right - left, bottom - top, RADIUS_PX)
    context.fillStyle = css(look.surface, look.isDark ? 0.55 : 0.7)
    context.fill()
    context.lineWidth = 1
    context.strokeStyle = css(look.line)
    context.stroke()
    // The name stays in sight while the ground does, below the tools.
    const x = Math.max(left, 0) + 12
    const y = (top < 0 ? 68 : top) + 16
    const room = right - x - 12
    if (room < 40) continue
    const name = fit(context, site.device.name, Math.min(room, 260))
    const width = context.measureText(name).width
    const box = { left: x - 6, top: y - 10, right: x + width + 6, bottom: y + 10 }
    titles.push({ site, text: name, shown, box })
  }
  context.globalAlpha = 1
  return titles
}

/** Writes the names over the picture, for devices may stand under them. */
export function drawTitles(
  context: CanvasRenderingContext2D,
  titles: readonly Title[],
  look: Look,
  font: string,
): void {
  context.font = `600 ${FONT_PX}px ${font}`
  context.textBaseline = 'middle'
  context.textAlign = 'left'
  for (const { text, shown, box } of titles) {
    context.globalAlpha = shown
    context.fillStyle = css(look.surface, 0.85)
    context.beginPath()
    context.roundRect(box.left, box.top, box.right - box.left, box.bottom - box.top, 4)
    context.fill()
    context.fillStyle = css(look.textSoft)
    context.fillText(text, box.left + 6, (box.top + box.bottom) / 2)
  }
  context.globalAlpha = 1
}

/** As much of a text as there is room for. */
export function fit(context: CanvasRenderingContext2D, text: string, width: number): string {
  if (context.measureText(text).width <= width) return text
  const letters = [...text]
  let [low, high] = [0, letters.length]
  while (low < high) {
    const middle = (low + high + 1) >> 1
    const part = `${letters.slice(0, middle).join('')}…`
    if (context.measureText(part).width <= width) low = middle
    else high = middle - 1
  }
  return `${letters.slice(0, low).join('')}…`
}
