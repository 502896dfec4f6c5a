import { formatCount } from '../../utils/format'
import type { Rect } from '../model/geometry'
import { hasProblem, isCausedUpstream, type TopologyNode } from '../model/graph'
import { isCollapsed } from '../model/levelOfDetail'
import { TIERS } from '../model/tiers'
import { css } from './colorScheme'
import type { LayerFrame } from './frame'
import { nodeDiameterPx } from './style'
import { truncateText } from './truncateText'

const FONT_PX = 12
const LINE_PX = 15
/** More would be unreadable, and slow the frame down. */
const LABELS_MAX = 160
const WIDTH_MAX_PX = 150
/** A device without a problem has a label from this diameter on. */
const LABEL_FROM_PX = 15
/** Subscribers are so close together that their labels need more room than their icons. */
const LEAF_LABEL_FROM_SCALE = 2.4
/** Cells of the grid that finds overlaps. */
const CELL_WIDTH_PX = 48
const CELL_HEIGHT_PX = 16
/** Measured texts that are remembered. */
const MEASURED_MAX = 4_000

interface MeasuredText {
  text: string
  width: number
}

/** Names and counts next to the nodes: problems first, without overlaps. */
export class Labels {
  private readonly taken = new Set<number>()
  private readonly measured = new Map<string, MeasuredText>()

  /** `blocked`: parts of the canvas to leave free, in pixels. */
  draw(
    context: CanvasRenderingContext2D,
    nodes: Iterable<TopologyNode>,
    frame: LayerFrame,
    blocked: readonly Rect[],
  ): void {
    const candidates: { node: TopologyNode; priority: number }[] = []
    for (const node of nodes) {
      const priority = priorityOf(node, frame)
      if (priority > 0) candidates.push({ node, priority })
    }
    candidates.sort((a, b) => b.priority - a.priority || a.node.id - b.node.id)
    this.taken.clear()
    for (const rect of blocked) this.take(rect)
    context.textAlign = 'center'
    context.textBaseline = 'top'
    context.lineJoin = 'round'
    let drawn = 0
    for (const { node } of candidates) {
      if (drawn >= LABELS_MAX) break
      if (this.drawLabel(context, node, frame)) drawn += 1
    }
    if (this.measured.size > MEASURED_MAX) this.measured.clear()
  }

  /** Draws the label below its node, or else above it; false where both are taken. */
  private drawLabel(
    context: CanvasRenderingContext2D,
    node: TopologyNode,
    frame: LayerFrame,
  ): boolean {
    const { colors, font, scale } = frame
    const isContainer = node.role === 'container'
    const [x, center] = frame.toCanvas(node.x, node.y)
    const distance = nodeDiameterPx(node, scale) / 2 + 6
    context.font = `${isContainer ? 600 : 500} ${FONT_PX}px ${font}`
    const name = this.measure(context, node.device.name, isContainer)
    const group = groupLabel(node, scale)
    const counts = group === null ? null : this.measure(context, group.text, false)
    const width = Math.max(name.width, counts?.width ?? 0)
    const height = group === null ? LINE_PX : 2 * LINE_PX
    const [left, right] = [x - width / 2 - 4, x + width / 2 + 4]
    let top = center + distance
    if (!this.take({ left, top, right, bottom: top + height })) {
      top = center - distance - height
      const isFree = node.role !== 'leaf' && this.take({ left, top, right, bottom: top + height })
      if (!isFree) return false
    }
    const isStrong = isContainer || hasProblem(node)
    write(context, name, x, top, css(isStrong ? colors.text : colors.textSoft), frame)
    if (group !== null && counts !== null) {
      context.font = `${group.hasProblem ? 600 : 400} ${FONT_PX}px ${font}`
      const color = group.hasProblem ? colors.text : colors.textSoft
      write(context, counts, x, top + LINE_PX, css(color), frame)
    }
    return true
  }

  private measure(context: CanvasRenderingContext2D, full: string, isBold: boolean): MeasuredText {
    const key = `${isBold ? 'b' : ''}${full}`
    let known = this.measured.get(key)
    if (known === undefined) {
      const text = truncateText(context, full, WIDTH_MAX_PX)
      known = { text, width: context.measureText(text).width }
      this.measured.set(key, known)
    }
    return known
  }

  /** Takes a part of the canvas, if no part of it is taken yet. */
  private take({ left, top, right, bottom }: Rect): boolean {
    const cells: number[] = []
    const lastColumn = Math.floor(right / CELL_WIDTH_PX)
    const lastRow = Math.floor((bottom - 1) / CELL_HEIGHT_PX)
    for (let column = Math.floor(left / CELL_WIDTH_PX); column <= lastColumn; column += 1) {
      for (let row = Math.floor(top / CELL_HEIGHT_PX); row <= lastRow; row += 1) {
        const cell = column * 4_096 + row
        if (this.taken.has(cell)) return false
        cells.push(cell)
      }
    }
    for (const cell of cells) this.taken.add(cell)
    return true
  }
}

/** What a collapsed group holds; null for a node that is drawn as itself. */
function groupLabel(
  node: TopologyNode,
  scale: number,
): { text: string; hasProblem: boolean } | null {
  const { counts, role } = node
  if (!isCollapsed(node, scale)) return null
  const isPon = node.device.device_type === 'SPLITTER'
  const noun = isPon ? 'ONT' : counts.leaves === 1 ? 'subscriber' : 'subscribers'
  const total =
    counts.leaves > 0 || role !== 'container'
      ? `${formatCount(counts.leaves)} ${noun}`
      : `${formatCount(counts.devices)} ${counts.devices === 1 ? 'device' : 'devices'}`
  const problems = [
    counts.down > 0 ? `${formatCount(counts.down)} down` : '',
    counts.degraded > 0 ? `${formatCount(counts.degraded)} degraded` : '',
  ].filter((text) => text !== '')
  return { text: [total, ...problems].join(' · '), hasProblem: problems.length > 0 }
}

/** Which labels are drawn first; 0 for a node without one. */
function priorityOf(node: TopologyNode, { highlight, scale }: LayerFrame): number {
  if (highlight.selected.has(node) || highlight.hovered === node) return 1_000
  if (highlight.traced.size > 0) return highlight.traced.has(node.key) ? 900 : 0
  if (highlight.isConnectable !== null && !highlight.isConnectable(node)) return 0
  const tier = 10 - TIERS[node.device.device_type]
  // In an outage the causes come first: the devices behind them are thousands.
  if (hasProblem(node) && !isCausedUpstream(node)) return 100 + tier
  if (node.role === 'container') return 60
  // A PON that is dark because of its feeder is named, too, where there is room.
  if (node.counts.down > 0 && isCollapsed(node, scale)) return 40 + tier
  if (node.role === 'leaf') return scale >= LEAF_LABEL_FROM_SCALE ? tier : 0
  return nodeDiameterPx(node, scale) >= LABEL_FROM_PX ? 10 + tier : 0
}

/** Writes on a translucent background: an outline around each letter would cost half of a frame. */
function write(
  context: CanvasRenderingContext2D,
  { text, width }: MeasuredText,
  x: number,
  y: number,
  color: string,
  { colors }: LayerFrame,
): void {
  context.fillStyle = css(colors.ground, 0.7)
  context.fillRect(x - width / 2 - 2, y - 1, width + 4, LINE_PX)
  context.fillStyle = color
  context.fillText(text, x, y)
}
