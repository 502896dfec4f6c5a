import { formatCount } from '../../utils/format'
import { isInTrouble, isVictim, type Spot } from '../model/graph'
import { TIERS } from '../model/tiers'
import { type Attention, isFolded, spotPixels } from './style'
import type { Rect } from '../scene/spatialIndex'
import { fit, type ToCanvas } from './containerAreas'
import { css, type Look } from './colorScheme'

const FONT_PX = 12
const LINE_PX = 15
/** More would be a grey mass, and cost the frame rate. */
const LABELS_MAX = 160
const WIDTH_MAX_PX = 150
/** From this diameter on a device in good order has its name beneath. */
const NAMED_FROM_PX = 15
/** Subscribers stand so close that their names need more room than their icons. */
const LEAF_NAMED_FROM_SCALE = 2.4
const CELL_PX = 48

interface Candidate {
  spot: Spot
  weight: number
}

/** Names and counts at the devices: trouble first, and never one over another or over a title. */
export class Labels {
  private taken = new Set<number>()
  private readonly widths = new Map<string, { text: string; width: number }>()

  draw(
    context: CanvasRenderingContext2D,
    spots: Iterable<Spot>,
    scale: number,
    toCanvas: ToCanvas,
    look: Look,
    attention: Attention,
    font: string,
    kept: readonly Rect[],
  ): void {
    const candidates: Candidate[] = []
    for (const spot of spots) {
      const weight = weigh(spot, scale, attention)
      if (weight > 0) candidates.push({ spot, weight })
    }
    candidates.sort((a, b) => b.weight - a.weight || a.spot.id - b.spot.id)
    this.taken.clear()
    for (const { left, top, right, bottom } of kept) this.claim(left, top, right, bottom)
    context.textAlign = 'center'
    context.textBaseline = 'top'
    context.lineJoin = 'round'
    let drawn = 0
    for (const { spot } of candidates) {
      if (drawn >= LABELS_MAX) break
      if (this.put(context, spot, scale, toCanvas, look, font)) drawn += 1
    }
    if (this.widths.size > 4_000) this.widths.clear()
  }

  private put(
    context: CanvasRenderingContext2D,
    spot: Spot,
    scale: number,
    toCanvas: ToCanvas,
    look: Look,
    font: string,
  ): boolean {
    const isSite = spot.role === 'container'
    const [x, centerY] = toCanvas(spot.x, spot.y)
    const reach = spotPixels(spot, scale) / 2 + 6
    context.font = `${isSite ? 600 : 500} ${FONT_PX}px ${font}`
    const name = this.measure(context, spot.device.name, isSite)
    const second = groupText(spot, scale)
    let width = name.width
    const below = second === null ? null : this.measure(context, second.text, false)
    if (below !== null) width = Math.max(width, below.width)
    const height = second === null ? LINE_PX : 2 * LINE_PX
    const [left, right] = [x - width / 2 - 4, x + width / 2 + 4]
    let y = centerY + reach
    if (!this.claim(left, y, right, y + height)) {
      y = centerY - reach - height
      if (spot.role === 'leaf' || !this.claim(left, y, right, y + height)) return false
    }
    const tone = isInTrouble(spot) ? look.text : look.textSoft
    write(context, name, x, y, css(isSite ? look.text : tone), look)
    if (second !== null && below !== null) {
      context.font = `${second.isLoud ? 600 : 400} ${FONT_PX}px ${font}`
      const color = second.isLoud ? look.text : look.textSoft
      write(context, below, x, y + LINE_PX, css(color), look)
    }
    return true
  }

  private measure(
    context: CanvasRenderingContext2D,
    text: string,
    isBold: boolean,
  ): { text: string; width: number } {
    const key = `${isBold ? 'b' : ''}${text}`
    let known = this.widths.get(key)
    if (known === undefined) {
      const fitting = fit(context, text, WIDTH_MAX_PX)
      known = { text: fitting, width: context.measureText(fitting).width }
      this.widths.set(key, known)
    }
    return known
  }

  /** Takes a place if nothing is there. */
  private claim(left: number, top: number, right: number, bottom: number): boolean {
    const cells: number[] = []
    for (let x = Math.floor(left / CELL_PX); x <= Math.floor(right / CELL_PX); x += 1) {
      for (let y = Math.floor(top / 16); y <= Math.floor((bottom - 1) / 16); y += 1) {
        const cell = x * 4_096 + y
        if (this.taken.has(cell)) return false
        cells.push(cell)
      }
    }
    for (const cell of cells) this.taken.add(cell)
    return true
  }
}

/** What a group stands for, or null for a device that stands for itself. */
export function groupText(spot: Spot, scale: number): { text: string; isLoud: boolean } | null {
  const { tally, role } = spot
  if (!isFolded(spot, scale)) return null
  const isPon = spot.device.device_type === 'SPLITTER'
  const noun = isPon ? 'ONT' : tally.leaves === 1 ? 'subscriber' : 'subscribers'
  const count =
    tally.leaves > 0 || role !== 'container'
      ? `${formatCount(tally.leaves)} ${noun}`
      : `${formatCount(tally.devices)} ${tally.devices === 1 ? 'device' : 'devices'}`
  const wrong = [
    tally.down > 0 ? `${formatCount(tally.down)} down` : '',
    tally.degraded > 0 ? `${formatCount(tally.degraded)} degraded` : '',
  ].filter((each) => each !== '')
  return { text: [count, ...wrong].join(' · '), isLoud: wrong.length > 0 }
}

function weigh(spot: Spot, scale: number, attention: Attention): number {
  const isChosen = attention.selected.has(spot) || attention.hovered === spot
  if (isChosen) return 1_000
  if (attention.traced.size > 0) return attention.traced.has(spot.key) ? 900 : 0
  if (attention.isAllowed !== null && !attention.isAllowed(spot)) return 0
  const tier = 10 - TIERS[spot.device.device_type]
  // In an outage the causes have names first; thousands of victims would bury them.
  if (isInTrouble(spot) && !isVictim(spot)) return 100 + tier
  if (spot.role === 'container') return 60
  if (spot.role === 'leaf') return scale >= LEAF_NAMED_FROM_SCALE ? tier : 0
  return spotPixels(spot, scale) >= NAMED_FROM_PX ? 10 + tier : 0
}

/** On a veil of the ground: an outline around each letter would cost half of a frame. */
function write(
  context: CanvasRenderingContext2D,
  { text, width }: { text: string; width: number },
  x: number,
  y: number,
  color: string,
  look: Look,
): void {
  context.fillStyle = css(look.ground, 0.7)
  context.fillRect(x - width / 2 - 2, y - 1, width + 4, LINE_PX)
  context.fillStyle = color
  context.fillText(text, x, y)
}
