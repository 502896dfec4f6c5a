import { boundsOf, expand, type Rect } from '../model/geometry'
import type { TopologyNode } from '../model/graph'
import { css } from './colorScheme'
import type { LayerFrame } from './frame'
import { truncateText } from './truncateText'

/** World units around the members. */
const PADDING = 40
const RADIUS_PX = 12
/** From the uppermost device to the edge of the area: room for the title. */
const TITLE_PX = 44
const TITLE_WIDTH_MAX_PX = 260
/** A title is not drawn with less room. */
const TITLE_WIDTH_MIN_PX = 40
/** Below the toolbar, when the top of the area is out of view. */
const TITLE_TOP_MIN_PX = 68
const FONT_PX = 12

/** The background of an expanded container, in world coordinates. */
export interface ContainerArea {
  container: TopologyNode
  world: Rect
}

/** The name of a container as it is drawn; a click on it selects the container. */
export interface ContainerTitle {
  container: TopologyNode
  text: string
  /** Below 1 while the container expands. */
  opacity: number
  /** In pixels of the canvas. */
  box: Rect
}

/** The area around a container's members; null without any. */
export function containerArea(container: TopologyNode): ContainerArea | null {
  const bounds = boundsOf(container.members)
  return bounds === null ? null : { container, world: expand(bounds, PADDING, PADDING) }
}

/** Draws the areas of expanded containers. Returns their titles, for `drawContainerTitles`. */
export function drawContainerAreas(
  context: CanvasRenderingContext2D,
  areas: readonly ContainerArea[],
  frame: LayerFrame,
): ContainerTitle[] {
  const { colors, scale, toCanvas } = frame
  const titles: ContainerTitle[] = []
  context.font = titleFont(frame)
  for (const { container, world } of areas) {
    const opacity = Math.min(1, Math.max(0, scale / container.expandScale - 0.9) / 0.2)
    if (opacity === 0) continue
    const [left, inner] = toCanvas(world.left, world.top)
    const top = inner - Math.max(0, TITLE_PX - PADDING * scale)
    const [right, bottom] = toCanvas(world.right, world.bottom)
    if (right < 0 || bottom < 0 || left > frame.width || top > frame.height) continue
    context.globalAlpha = opacity
    context.beginPath()
    context.roundRect(left, top, right - left, bottom - top, RADIUS_PX)
    context.fillStyle = css(colors.surface, colors.isDark ? 0.55 : 0.7)
    context.fill()
    context.lineWidth = 1
    context.strokeStyle = css(colors.line)
    context.stroke()
    const box = { left: Math.max(left, 0), top: top < 0 ? TITLE_TOP_MIN_PX : top, right, bottom }
    const title = titleIn(context, container, box, opacity)
    if (title !== null) titles.push(title)
  }
  context.globalAlpha = 1
  return titles
}

/** Draws the titles over the nodes: there may be devices below them. */
export function drawContainerTitles(
  context: CanvasRenderingContext2D,
  titles: readonly ContainerTitle[],
  frame: LayerFrame,
): void {
  const { colors } = frame
  context.font = titleFont(frame)
  context.textBaseline = 'middle'
  context.textAlign = 'left'
  for (const { text, opacity, box } of titles) {
    context.globalAlpha = opacity
    context.fillStyle = css(colors.surface, 0.85)
    context.beginPath()
    context.roundRect(box.left, box.top, box.right - box.left, box.bottom - box.top, 4)
    context.fill()
    context.fillStyle = css(colors.textSoft)
    context.fillText(text, box.left + 6, (box.top + box.bottom) / 2)
  }
  context.globalAlpha = 1
}

/** The title at the left top of a box; null where there is no room. */
function titleIn(
  context: CanvasRenderingContext2D,
  container: TopologyNode,
  { left, top, right }: Rect,
  opacity: number,
): ContainerTitle | null {
  const [x, y] = [left + 12, top + 16]
  const room = right - x - 12
  if (room < TITLE_WIDTH_MIN_PX) return null
  const text = truncateText(context, container.device.name, Math.min(room, TITLE_WIDTH_MAX_PX))
  const { width } = context.measureText(text)
  const box = { left: x - 6, top: y - 10, right: x + width + 6, bottom: y + 10 }
  return { container, text, opacity, box }
}

function titleFont({ font }: LayerFrame): string {
  return `600 ${FONT_PX}px ${font}`
}
