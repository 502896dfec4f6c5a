import { isPlannedWork, isQuiet, nodeStatus, type TopologyNode } from '../model/graph'
import type { Badges } from './badges'
import { css, type Rgb } from './colorScheme'
import type { LayerFrame } from './frame'
import { isGroupAt, nodeDiameterPx } from './style'

/** From this diameter on there is room for a badge; below it, the shape of the node shows its status. */
const BADGE_FROM_PX = 13
const BADGE_PX = 15

/** Halos, badges and dotted outlines. Few nodes have one, so they are drawn over sigma's nodes. */
export class NodeDecorations {
  constructor(private readonly badges: Badges) {}

  draw(context: CanvasRenderingContext2D, node: TopologyNode, frame: LayerFrame): void {
    const { colors, highlight, scale } = frame
    const { status_override: override } = node.device
    const status = nodeStatus(node)
    const isWork = isPlannedWork(node)
    const isDotted = node.isUnplaced || isQuiet(node) || isWork
    const hasHalo =
      highlight.selected.has(node) || highlight.hovered === node || highlight.traced.has(node.key)
    if (!hasHalo && status === 'UP' && override === null && !isDotted) return
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
    else if (isDotted && !hasRing && !isGroup) {
      context.setLineDash([2, 3])
      outline(3, colors.lineStrong, 1)
      context.setLineDash([])
    }
    if (2 * radius < BADGE_FROM_PX || isGroup) return
    const badges = this.badges.of(colors)
    const size = Math.min(Math.max(radius * 0.85, 11), BADGE_PX)
    const offset = radius * 0.78
    const put = (badge: HTMLCanvasElement, dy: number): void =>
      context.drawImage(badge, x + offset - size / 2, y + dy - size / 2, size, size)
    if (status === 'DOWN') put(badges.down, offset)
    else if (status === 'DEGRADED') put(badges.degraded, offset)
    else if (isWork) put(badges.work, offset)
    if (override !== null) put(badges.overridden, -offset)
  }
}

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
