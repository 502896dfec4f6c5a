import type { Device, DeviceAvailability, Outage, OutageDay } from '../api/types'
import { formatCounted, formatSpan } from '../utils/format'

/** Cells of the strip: the days that begin or end in 30 times 24 hours. */
const DAYS_SHOWN = 31
const DAY_S = 86_400
/** So that an outage of a minute is still a bar. */
const HEIGHT_MIN = 0.2
const date = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short' })

/** A day of the strip: a bar that grows with the downtime. */
export interface DayCell {
  key: string
  kind: 'none' | 'fault' | 'planned' | 'unknown'
  /** 0 to 1 of the strip's height; a day without an outage is flat. */
  height: number
  title: string
}

/** As `99.982 %`; rounded down, so that 100 % means that there was nothing. */
export function formatAvailability(ratio: number): string {
  const percent = Math.floor(ratio * 100_000) / 1_000
  return `${ratio === 1 ? '100' : percent.toFixed(3)}\u00a0%`
}

/** As `99.982 %, 2 outages, 7 min`. */
export function availabilityText(found: DeviceAvailability, device: Device): string {
  const { availability: ratio, downtime_s: downtime, planned_downtime_s: planned, outage_count: count } = found
  const parts = [ratio === null ? (uncountedText(found, device) ?? 'Recorded for less than an hour') : formatAvailability(ratio)]
  parts.push(count === 0 ? 'no outage' : formatCounted(count, 'outage'))
  if (downtime > 0) parts.push(spanText(downtime))
  if (planned > 0) parts.push(`planned work ${spanText(planned)}`)
  return parts.join(', ')
}

/** Why a device is DOWN without an outage; null if it is not. */
function uncountedText({ outages }: DeviceAvailability, device: Device): string | null {
  if (device.effective_status !== 'DOWN' || outages[0]?.to === null) return null
  if (device.lifecycle !== 'in_service') return `No availability while it is ${device.lifecycle}`
  if (device.status_reasons.includes('not_connected')) return 'No availability before it is connected'
  return 'No availability: it has not been in service yet'
}

function spanText(seconds: number): string {
  return seconds < 1 ? 'less than a second' : formatSpan(seconds)
}

/** How long it lasted, and how much of that was planned work. */
export function outageText({ duration_s: duration, planned_s: planned }: Outage): string {
  if (planned === 0) return spanText(duration)
  return planned >= duration ? `${spanText(duration)}, planned work` : `${spanText(duration)}, of which planned work ${spanText(planned)}`
}

/** The days up to today; those before anything was recorded are unknown. */
export function dayCells(days: readonly OutageDay[]): DayCell[] {
  const known = days.slice(-DAYS_SHOWN).map(cellOf)
  const unknown = Array.from({ length: DAYS_SHOWN - known.length }, (_, at): DayCell => {
    return { key: `unknown ${at}`, kind: 'unknown', height: 0, title: 'Not recorded' }
  })
  return [...unknown, ...known]
}

function cellOf({ start, downtime_s: downtime, planned_downtime_s: planned }: OutageDay): DayCell {
  const day = date.format(Date.parse(start))
  const share = Math.min((downtime + planned) / DAY_S, 1)
  const kind = downtime > 0 ? 'fault' : planned > 0 ? 'planned' : 'none'
  const height = kind === 'none' ? 0 : Math.max(HEIGHT_MIN, Math.sqrt(share))
  return { key: start, kind, height, title: `${day}: ${dayText(downtime, planned)}` }
}

function dayText(downtime: number, planned: number): string {
  const parts = [
    ...(downtime > 0 ? [`DOWN for ${spanText(downtime)}`] : []),
    ...(planned > 0 ? [`planned work for ${spanText(planned)}`] : []),
  ]
  return parts.length === 0 ? 'no outage' : parts.join(', ')
}

/** The strip in a sentence. */
export function daysText(days: readonly OutageDay[]): string {
  const cells = days.slice(-DAYS_SHOWN).map(cellOf)
  const bad = cells.filter(({ kind }) => kind !== 'none')
  if (bad.length === 0) return `No outage on ${formatCounted(cells.length, 'day')}`
  return `Outages on ${bad.length} of ${formatCounted(cells.length, 'day')}: ${bad.map(({ title }) => title).join('; ')}`
}
