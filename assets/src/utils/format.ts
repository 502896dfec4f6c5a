import { TYPE_LABELS } from '../api/words'

const labels = new Map<string, string>(Object.entries(TYPE_LABELS))
const integer = new Intl.NumberFormat('en')
const absolute = new Intl.DateTimeFormat(undefined, {
  dateStyle: 'medium',
  timeStyle: 'long',
  hourCycle: 'h23',
})
const clock = new Intl.DateTimeFormat(undefined, { timeStyle: 'medium', hourCycle: 'h23' })

/** A device type as people write it; one that this page does not know stays as it is. */
export function typeLabel(type: string): string {
  return labels.get(type) ?? type
}

export function formatCount(count: number): string {
  return integer.format(count)
}

/** A number with a real minus sign. */
export function formatNumber(value: number): string {
  return String(value).replace('-', '\u2212')
}

/** A value with its unit, or a word for what is absent. */
export function formatUnit(value: number | null, unit: string): string {
  return value === null ? 'not set' : `${formatNumber(value)}\u00a0${unit}`
}

/** A measured value in hundredths, with its unit. */
export function formatMeasure(value: number, unit: string): string {
  return `${formatHundredths(value)}\u00a0${unit}`
}

/** Two places always, so that columns align; what rounds to zero has no sign. */
export function formatHundredths(value: number): string {
  const text = value.toFixed(2)
  return (text === '-0.00' ? '0.00' : text).replace('-', '\u2212')
}

/** A count with its noun: `1 device`, `2 devices`. */
export function formatCounted(count: number, noun: string): string {
  return `${formatCount(count)}\u00a0${noun}${count === 1 ? '' : 's'}`
}

export function formatTime(iso: string): string {
  const time = Date.parse(iso)
  return Number.isNaN(time) ? iso : absolute.format(time)
}

export function formatClock(milliseconds: number): string {
  return clock.format(milliseconds)
}

/** How long ago, in the largest whole unit. The clocks of server and browser may differ. */
export function formatAge(iso: string, now: number): string {
  const passed = formatPassed(iso, now)
  return passed === null ? 'just now' : passed === iso ? iso : `${passed} ago`
}

/** How long it has been so: `for 5 min`. */
export function formatFor(iso: string, now: number): string {
  const passed = formatPassed(iso, now)
  return passed === null ? 'for a moment' : passed === iso ? `since ${iso}` : `for ${passed}`
}

/** Null for a moment; a time that cannot be read as it came. */
function formatPassed(iso: string, now: number): string | null {
  const seconds = Math.floor((now - Date.parse(iso)) / 1_000)
  if (Number.isNaN(seconds)) return iso
  if (seconds < 5) return null
  if (seconds < 60) return `${seconds} s`
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min`
  if (seconds < 86_400) return `${Math.floor(seconds / 3_600)} h`
  return `${Math.floor(seconds / 86_400)} d`
}
