const LABELS: Record<string, string> = {
  BACKBONE_GATEWAY: 'Backbone gateway',
  CORE_ROUTER: 'Core router',
  EDGE_ROUTER: 'Edge router',
  AON_SWITCH: 'AON switch',
  BUSINESS_ONT: 'Business ONT',
  AON_CPE: 'AON CPE',
  CORE_SITE: 'Core site',
  SPLITTER: 'Splitter',
}

const integer = new Intl.NumberFormat('en')
const absolute = new Intl.DateTimeFormat(undefined, {
  dateStyle: 'medium',
  timeStyle: 'long',
  hourCycle: 'h23',
})
const clock = new Intl.DateTimeFormat(undefined, { timeStyle: 'medium', hourCycle: 'h23' })

/** A device type as people write it; abbreviations stay as they are. */
export function typeLabel(type: string): string {
  return LABELS[type] ?? type
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

export function formatTime(iso: string): string {
  const time = Date.parse(iso)
  return Number.isNaN(time) ? iso : absolute.format(time)
}

export function formatClock(milliseconds: number): string {
  return clock.format(milliseconds)
}

/** How long ago, in the largest whole unit. The clocks of server and browser may differ. */
export function formatAge(iso: string, now: number): string {
  const seconds = Math.floor((now - Date.parse(iso)) / 1_000)
  if (Number.isNaN(seconds)) return iso
  if (seconds < 5) return 'just now'
  if (seconds < 60) return `${seconds} s ago`
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min ago`
  if (seconds < 86_400) return `${Math.floor(seconds / 3_600)} h ago`
  return `${Math.floor(seconds / 86_400)} d ago`
}
