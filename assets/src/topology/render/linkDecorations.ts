import { edgeLine, lineCurve, pointOn } from '../model/edgeLine'
import type { TopologyEdge } from '../model/graph'
import type { Badges } from './badges'
import { css } from './colorScheme'
import type { LayerFrame } from './frame'

const BADGE_PX = 15
/** A selected line has a halo, so that its own colour and dashes stay visible. */
const HALO_PX = 9
const HALO_OPACITY = 0.45
const MIDDLE = 0.5

/** Marks selected lines, and puts the pin of an override on theirs. */
export class LinkDecorations {
  constructor(private readonly badges: Badges) {}

  draw(context: CanvasRenderingContext2D, edges: Iterable<TopologyEdge>, frame: LayerFrame): void {
    const { colors, highlight, scale } = frame
    const badge = this.badges.of(colors).overridden
    for (const edge of edges) {
      const line = edgeLine(edge, scale)
      if (line === null) continue
      const [from, to] = [line.from, line.to].map(({ x, y }) => {
        const [left, top] = frame.toCanvas(x, y)
        return { x: left, y: top }
      })
      if (from === undefined || to === undefined) continue
      const curve = lineCurve(from, to, line.isCurved)
      if (highlight.selectedEdges.has(edge)) {
        context.beginPath()
        context.moveTo(from.x, from.y)
        context.bezierCurveTo(curve.first.x, curve.first.y, curve.second.x, curve.second.y, to.x, to.y)
        context.lineWidth = HALO_PX
        context.globalAlpha = HALO_OPACITY
        context.strokeStyle = css(colors.accent)
        context.stroke()
        context.globalAlpha = 1
      }
      if (!edge.isOverridden) continue
      const { x, y } = pointOn(curve, MIDDLE)
      context.drawImage(badge, x - BADGE_PX / 2, y - BADGE_PX / 2, BADGE_PX, BADGE_PX)
    }
  }
}
