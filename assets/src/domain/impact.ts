import type { Device, Simulated, Status } from '../api/types'
import { formatCounted, formatMeasure } from '../utils/format'
import { LEAF_TYPES } from './deviceTypes'
import { deviceState, type State, stateLabel } from './states'
import { STATUSES } from './statuses'

/** What a change would do, from a simulation of it. Devices are as they would be; deleted ones as they are. */
export interface Impact {
  /** New devices, and how many ports each gets. */
  devicesAdded: { device: Device; portCount: number }[]
  devicesDeleted: Device[]
  linksDeleted: number
  /** They would stay, without their container. */
  devicesOrphaned: Device[]
  /** Devices that would get another status, by that status. */
  byStatus: Record<Status, Device[]>
  /** How many these are, and how many are deleted. */
  counts: Record<Status | 'deleted', number>
  /** Only the counts are known: the lists are empty, and margins unknown. */
  isCountsOnly: boolean
  /** Subscribers with service now that would be DOWN or deleted, and the reverse. */
  subscribersLost: number
  subscribersRestored: number
  /** Devices whose light would be weaker or stronger, the least margin first. */
  margins: MarginChange[]
}

/** The optical margin of a device now and afterwards, in dB; `beforeDb` is null for a new signal. */
export interface MarginChange {
  device: Device
  beforeDb: number | null
  afterDb: number
}

/** A line of the forecast: what happens to which devices. */
export interface ImpactLine {
  text: string
  /** Service is lost or impaired. */
  isLoss: boolean
  /** Those that the text counts; empty if it names the only one. */
  devices: Device[]
}

/**
 * A change that takes service from this many subscribers is confirmed by typing. A 1:32 splitter serves
 * fewer, so the everyday work on one PON needs no typing.
 */
export const SUBSCRIBERS_TYPED_MIN = 50

/** Two decimal places are shown: less is no change. */
const MARGIN_STEP_DB = 0.01

export function impactOf(simulated: Simulated): Impact {
  const { devices, links, interfaces, device_count: changed, effects } = simulated
  const impact: Impact = {
    devicesAdded: devices.flatMap(({ before, after: device }) =>
      before !== null || device === null
        ? []
        : [{ device, portCount: interfaces.filter(({ after: port }) => port?.device_id === device.id).length }],
    ),
    devicesDeleted: [],
    linksDeleted: links.filter(({ after }) => after === null).length,
    devicesOrphaned: [],
    byStatus: { DOWN: [], DEGRADED: [], UP: [] },
    counts: { DOWN: 0, DEGRADED: 0, UP: 0, deleted: 0 },
    isCountsOnly: changed > devices.length,
    subscribersLost: 0,
    subscribersRestored: 0,
    margins: [],
  }
  if (impact.isCountsOnly) return { ...impact, ...countedImpact(effects) }
  for (const { before, after } of devices) {
    if (before === null) continue
    countSubscriber(impact, before, after)
    if (after === null) {
      impact.devicesDeleted.push(before)
      continue
    }
    if (before.parent_container_id !== null && after.parent_container_id === null) impact.devicesOrphaned.push(after)
    if (before.effective_status !== after.effective_status) impact.byStatus[after.effective_status].push(after)
    const margin = marginChange(before, after)
    if (margin !== null) impact.margins.push(margin)
  }
  const { DOWN, DEGRADED, UP } = impact.byStatus
  impact.counts = { DOWN: DOWN.length, DEGRADED: DEGRADED.length, UP: UP.length, deleted: impact.devicesDeleted.length }
  impact.margins.sort((a, b) => a.afterDb - b.afterDb || a.device.id - b.device.id)
  return impact
}

/** What the server has counted, where it lists nothing. */
function countedImpact(
  effects: Simulated['effects'],
): Pick<Impact, 'counts' | 'linksDeleted' | 'subscribersLost' | 'subscribersRestored'> {
  const { devices_down: DOWN, devices_degraded: DEGRADED, devices_up: UP, devices_deleted: deleted } = effects
  return {
    counts: { DOWN, DEGRADED, UP, deleted },
    linksDeleted: effects.links_deleted,
    subscribersLost: effects.subscribers_lost,
    subscribersRestored: effects.subscribers_restored,
  }
}

function countSubscriber(impact: Impact, before: Device, after: Device | null): void {
  if (!isSubscriber(before)) return
  const [had, has] = [hasService(before), after !== null && hasService(after)]
  if (had && !has) impact.subscribersLost += 1
  if (!had && has) impact.subscribersRestored += 1
}

/** What is planned or retired serves nobody, even if it is UP. */
function hasService({ lifecycle, effective_status: status }: Device): boolean {
  return lifecycle === 'in_service' && status !== 'DOWN'
}

function marginChange(before: Device, after: Device): MarginChange | null {
  if (after.signal === null) return null
  const [beforeDb, afterDb] = [before.signal?.margin_db ?? null, after.signal.margin_db]
  if (beforeDb !== null && Math.abs(afterDb - beforeDb) < MARGIN_STEP_DB) return null
  return { device: after, beforeDb, afterDb }
}

/** The light that a new device receives. */
function lightText({ signal }: Device): string {
  if (signal === null) return ''
  return `; it receives ${formatMeasure(signal.rx_down_dbm, 'dBm')}, margin ${formatMeasure(signal.margin_db, 'dB')}`
}

const BECOMES: Record<Status, readonly [one: string, several: string]> = {
  DOWN: ['goes DOWN', 'go DOWN'],
  DEGRADED: ['becomes DEGRADED', 'become DEGRADED'],
  UP: ['comes UP', 'come UP'],
}

/** What a change would do, line by line, the worst first. Without lines, nothing else changes. */
export function impactLines(impact: Impact): ImpactLine[] {
  const { devicesDeleted, linksDeleted, devicesOrphaned, byStatus, counts, subscribersLost, subscribersRestored } = impact
  const lines: ImpactLine[] = []
  const add = (text: string, isLoss = false, devices: Device[] = []): void => void lines.push({ text, isLoss, devices })
  for (const { device, portCount } of impact.devicesAdded) {
    add(`${device.name} gets ${formatCounted(portCount, 'port')} and is ${stateText(deviceState(device))}${lightText(device)}`)
  }
  if (subscribersLost > 0) add(`${subscribers(subscribersLost)} ${subscribersLost === 1 ? 'loses' : 'lose'} service`, true)
  if (counts.deleted > 1) {
    add(`${formatCounted(counts.deleted, 'device')} and their ports are deleted`, false, devicesDeleted)
  }
  if (linksDeleted > 0) add(`${formatCounted(linksDeleted, 'link')} ${linksDeleted === 1 ? 'is' : 'are'} deleted`)
  for (const status of STATUSES) {
    if (counts[status] > 0) lines.push(statusLine(status, counts[status], byStatus[status]))
  }
  if (subscribersRestored > 0) {
    add(`${subscribers(subscribersRestored)} ${subscribersRestored === 1 ? 'gets' : 'get'} service`)
  }
  lines.push(...marginLines(impact))
  if (devicesOrphaned.length > 0) {
    const count = devicesOrphaned.length
    add(`${formatCounted(count, 'device')} ${count === 1 ? 'is' : 'are'} no longer in a container`, false, devicesOrphaned)
  }
  return lines
}

/** A state within a sentence: `DOWN`, `not connected yet`. */
function stateText(state: State): string {
  const label = stateLabel(state)
  return label === state ? label : label.toLowerCase()
}

function statusLine(status: Status, count: number, devices: Device[]): ImpactLine {
  const isLoss = status !== 'UP'
  const [only] = devices
  if (devices.length === 1 && only !== undefined) {
    return { text: `${only.name} ${BECOMES[status][0]}`, isLoss, devices: [] }
  }
  const becomes = BECOMES[status][count === 1 ? 0 : 1]
  return { text: `${formatCounted(count, 'device')} ${becomes}`, isLoss, devices }
}

function marginLines({ margins }: Impact): ImpactLine[] {
  const lines: ImpactLine[] = []
  const [lit, lower, higher] = [
    margins.filter(({ beforeDb }) => beforeDb === null),
    margins.filter(({ beforeDb, afterDb }) => beforeDb !== null && afterDb < beforeDb),
    margins.filter(({ beforeDb, afterDb }) => beforeDb !== null && afterDb > beforeDb),
  ]
  if (lit.length > 0) lines.push(marginLine(lit, 'is lit', 'are lit', false))
  if (lower.length > 0) lines.push(marginLine(lower, 'loses margin', 'lose margin', true))
  if (higher.length > 0) lines.push(marginLine(higher, 'gains margin', 'gain margin', false))
  return lines
}

/** `changes`: at least one, the least margin first. */
function marginLine(changes: MarginChange[], one: string, several: string, isLoss: boolean): ImpactLine {
  const [least] = changes
  if (least === undefined) return { text: '', isLoss, devices: [] }
  const { device, beforeDb, afterDb } = least
  const rx = beforeDb === null && device.signal !== null ? `receives ${formatMeasure(device.signal.rx_down_dbm, 'dBm')}, ` : ''
  const was = beforeDb === null ? '' : ` (now ${formatMeasure(beforeDb, 'dB')})`
  if (changes.length === 1) {
    return { text: `${device.name} ${one}: ${rx}margin ${formatMeasure(afterDb, 'dB')}${was}`, isLoss, devices: [] }
  }
  const text = `${formatCounted(changes.length, 'device')} ${several}; ${device.name} has the least: ${rx}margin ${formatMeasure(afterDb, 'dB')}${was}`
  return { text, isLoss, devices: changes.map(({ device: each }) => each) }
}

/** How a change is confirmed: whether by typing. Null: the effect is not known. */
export function isTypedConfirmation(impact: Impact | null, change: { count: number; isDeletion: boolean }): boolean {
  const { count, isDeletion } = change
  if (impact === null) return isDeletion || count > 1
  if (impact.subscribersLost >= SUBSCRIBERS_TYPED_MIN) return true
  if (!isDeletion) return false
  const { linksDeleted, devicesOrphaned, counts } = impact
  return count > 1 || linksDeleted + devicesOrphaned.length + counts.DOWN + counts.DEGRADED > 0
}

export function isSubscriber({ device_type: type }: Device): boolean {
  return LEAF_TYPES.includes(type)
}

function subscribers(count: number): string {
  return formatCounted(count, 'subscriber')
}
