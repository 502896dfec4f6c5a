const integer = new Intl.NumberFormat('en')
const absolute = new Intl.DateTimeFormat(undefined, {
  dateStyle: 'medium',
  timeStyle: 'long',
  hourCycle: 'h23',
})
const clock = new Intl.DateTimeFormat(undefined, { timeStyle: 'medium', hourCycle: 'h23' })

export function formatCount(count: number): string {
  return integer.format(count)
}

/** A number with a real minus sign. */
export function formatNumber(value: number): string {
  return String(value).replace('-', '\u2212')
}

/** A number as typed, with a comma or a point; null when empty, NaN when it is not a number. */
export function parseNumber(text: string): number | null {
  const trimmed = text.trim().replace(',', '.').replace('\u2212', '-')
  return trimmed === '' ? null : Number(trimmed)
}

/** A value with its unit, or `not set`. */
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

/** A text of the server as a sentence; a name at its start, such as of a file, stays as it is. */
export function asSentence(text: string): string {
  return /^[a-z]+[ ,:]/.test(text) ? text.charAt(0).toUpperCase() + text.slice(1) : text
}

/** A count with its noun: `1 device`, `2 devices`, `3 copies`. */
export function formatCounted(count: number, noun: string): string {
  return `${formatCount(count)}\u00a0${count === 1 ? noun : plural(noun)}`
}

/** The newest of a kind: `last run`, `last 2 runs`. */
export function formatLast(count: number, noun: string): string {
  return count === 1 ? `last ${noun}` : `last ${formatCounted(count, noun)}`
}

/** For the nouns of this page, which are all regular. */
export function plural(noun: string): string {
  return /[^aeiou]y$/.test(noun) ? `${noun.slice(0, -1)}ies` : `${noun}s`
}

/** A span of seconds in the largest unit that keeps it readable: `0.4 s`, `12 s`, `3 min`. */
export function formatSeconds(seconds: number): string {
  if (seconds < 10) return `${Math.round(seconds * 10) / 10}\u00a0s`
  if (seconds < 60) return `${Math.round(seconds)}\u00a0s`
  if (seconds < 3_600) return `${Math.floor(seconds / 60)}\u00a0min`
  if (seconds < 86_400) return `${Math.floor(seconds / 3_600)}\u00a0h`
  return `${Math.floor(seconds / 86_400)}\u00a0d`
}

/** A span of seconds in its two largest units: `12 s`, `3 min 5 s`, `1 d 23 h`. */
export function formatSpan(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds))
  const at = SPAN_UNITS.findIndex(({ s }) => whole >= s)
  const [large, small] = SPAN_UNITS.slice(at)
  if (at < 0 || large === undefined || small === undefined) return `${whole}\u00a0s`
  const rest = Math.floor((whole % large.s) / small.s)
  const first = `${Math.floor(whole / large.s)}\u00a0${large.unit}`
  return rest === 0 ? first : `${first} ${rest}\u00a0${small.unit}`
}

const SPAN_UNITS = [
  { unit: 'd', s: 86_400 },
  { unit: 'h', s: 3_600 },
  { unit: 'min', s: 60 },
  { unit: 's', s: 1 },
] as const

const BYTE_UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'] as const

/** A number of bytes in binary units, with three digits at most: `1.43 GiB`. */
export function formatBytes(bytes: number): string {
  let value = bytes
  let unit = 0
  while (value >= 1_000 && unit < BYTE_UNITS.length - 1) {
    value /= 1_024
    unit += 1
  }
  const places = unit === 0 || value >= 100 ? 0 : value >= 10 ? 1 : 2
  return `${value.toFixed(places)}\u00a0${BYTE_UNITS[unit] ?? 'TiB'}`
}

/** Milliseconds, or seconds from one on. */
export function formatMs(ms: number): string {
  if (ms >= 1_000) return formatSeconds(ms / 1_000)
  return `${ms >= 10 ? Math.round(ms) : Math.round(ms * 10) / 10}\u00a0ms`
}

export function formatTime(iso: string): string {
  const time = Date.parse(iso)
  return Number.isNaN(time) ? iso : absolute.format(time)
}

/** A time in the browser's zone, in few characters: `2026-11-29 02:15`. */
export function formatMinute(iso: string): string {
  const time = new Date(iso)
  if (Number.isNaN(time.getTime())) return iso
  const [month, day, hour, minute] = [time.getMonth() + 1, time.getDate(), time.getHours(), time.getMinutes()].map(
    (part) => String(part).padStart(2, '0'),
  )
  return `${time.getFullYear()}-${month}-${day} ${hour}:${minute}`
}

/** A time in the browser's zone, as a field of type `datetime-local` has it: `2026-11-29T02:15`. */
export function localMinute(milliseconds: number): string {
  return formatMinute(new Date(milliseconds).toISOString()).replace(' ', 'T')
}

/**
 * A moment as people say it: `today, 02:15`, `tomorrow, 02:15`, else with its date. In the
 * browser's time; in another zone's, with its name: `tomorrow, 02:15 Asia/Tokyo`.
 */
export function formatMoment(iso: string, now: number, zone?: string): string {
  const time = Date.parse(iso)
  if (Number.isNaN(time)) return iso
  const { day, minute, dayAndMinute, suffix } = clockOf(zone)
  const days = Math.round((Date.parse(day.format(time)) - Date.parse(day.format(now))) / DAY_MS)
  const near = NEAR_DAYS.find(({ by }) => by === days)
  const text = near === undefined ? dayAndMinute.format(time) : `${near.word}, ${minute.format(time)}`
  return text + suffix
}

const DAY_MS = 86_400_000
const NEAR_DAYS = [
  { by: -1, word: 'yesterday' },
  { by: 0, word: 'today' },
  { by: 1, word: 'tomorrow' },
] as const

interface Clock {
  /** As `2026-11-29`. */
  day: Intl.DateTimeFormat
  minute: Intl.DateTimeFormat
  dayAndMinute: Intl.DateTimeFormat
  suffix: string
}

/** By zone: they are costly to make. */
const clocks = new Map<string | undefined, Clock>()

function clockOf(zone: string | undefined): Clock {
  const known = clocks.get(zone) ?? makeClock(zone)
  clocks.set(zone, known)
  return known
}

/** A zone that this browser does not know is told in UTC, and called so. */
function makeClock(zone: string | undefined): Clock {
  const within = zone === undefined ? {} : { timeZone: zone }
  try {
    return {
      day: new Intl.DateTimeFormat('en-CA', within),
      minute: new Intl.DateTimeFormat(undefined, { timeStyle: 'short', hourCycle: 'h23', ...within }),
      dayAndMinute: new Intl.DateTimeFormat(undefined, {
        dateStyle: 'medium',
        timeStyle: 'short',
        hourCycle: 'h23',
        ...within,
      }),
      suffix: zone === undefined ? '' : ` ${zone}`,
    }
  } catch {
    return makeClock('UTC')
  }
}

/** How long until then: `in 3 h 12 min`; `now` when it is due. */
export function formatUntil(iso: string, now: number): string {
  const seconds = (Date.parse(iso) - now) / 1_000
  if (Number.isNaN(seconds)) return iso
  return seconds < 1 ? 'now' : `in ${formatSpan(seconds)}`
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
