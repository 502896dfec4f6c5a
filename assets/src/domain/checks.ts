import type { ApplianceCheck, CheckHistory, CheckLimit } from '../api/types'
import { formatBytes, formatCount, formatMs, formatNumber, formatSeconds } from '../utils/format'
import type { Tone } from '../utils/tone'

/** The groups, in the order of the server, and what they are called. */
const GROUPS: Record<ApplianceCheck['group'], string> = {
  store: 'Store',
  host: 'Host',
  mirror: 'PostgreSQL',
  backups: 'Backups',
  jobs: 'Jobs',
  service: 'Service',
}

export interface CheckGroup {
  key: ApplianceCheck['group']
  title: string
  checks: ApplianceCheck[]
}

export function groupChecks(checks: ApplianceCheck[]): CheckGroup[] {
  const keys = Object.keys(GROUPS) as ApplianceCheck['group'][]
  const groups = keys.map((key) => ({ key, title: GROUPS[key], checks: checks.filter(({ group }) => group === key) }))
  return groups.filter((group) => group.checks.length > 0)
}

const MARKS: Record<ApplianceCheck['state'], { tone: Tone; label: string }> = {
  ok: { tone: 'up', label: 'OK' },
  warning: { tone: 'degraded', label: 'Warning' },
  critical: { tone: 'down', label: 'Critical' },
  unknown: { tone: 'quiet', label: 'Unknown' },
}

export function checkMark(state: ApplianceCheck['state']): { tone: Tone; label: string } {
  return MARKS[state]
}

/** How many checks are in which state: `18 OK, 2 unknown`, the worst first. */
export function checkSummary(checks: ApplianceCheck[]): string {
  const states: ApplianceCheck['state'][] = ['critical', 'warning', 'ok', 'unknown']
  const counts = states.map((state) => ({ state, count: checks.filter((check) => check.state === state).length }))
  const words = { ...MARKS, critical: { label: 'critical' }, warning: { label: 'warning' }, unknown: { label: 'unknown' } }
  return counts
    .filter(({ count }) => count > 0)
    .map(({ state, count }) => `${formatCount(count)} ${words[state].label}`)
    .join(', ')
}

/** `Warning above 250 ms, critical above 2,000 ms`; empty where nothing is too much. */
export function limitText({ warning, critical }: Pick<ApplianceCheck, 'warning' | 'critical'>): string {
  const part = (word: string, limit: CheckLimit | null) => (limit === null ? [] : [`${word} ${limit.side === 'below' ? 'at or below' : 'from'} ${limit.text.replaceAll(' ', '\u00a0')}`])
  const parts = [...part('warning', warning), ...part('critical', critical)]
  const text = parts.join(', ')
  return text === '' ? '' : `${text[0]?.toUpperCase() ?? ''}${text.slice(1)}`
}

/** What a value of this unit is on an axis. */
export function formatCheckValue(value: number, unit: ApplianceCheck['unit']): string {
  switch (unit) {
    case 'bytes':
      return formatBytes(value)
    case 'ms':
      return formatMs(value)
    case 's':
      return formatSeconds(value)
    case 'yes/no':
      return value === 1 ? 'yes' : value === 0 ? 'no' : ''
    case 'count':
      return Number.isInteger(value) ? formatCount(value) : ''
    default:
      return `${formatNumber(value)}\u00a0${unit}`
  }
}

export interface CheckChart {
  /** Seconds since 1970. */
  times: number[]
  series: { label: string; values: (number | null)[]; format: (value: number) => string; scale: string }[]
}

/** A limit further away than this times the greatest value would press the line to the ground. */
const LIMIT_FACTOR_MAX = 3

/** Each point shows the worst value of its time; the limit of the warning is a second line where it is near. */
export function checkChart(check: ApplianceCheck, history: CheckHistory): CheckChart {
  const limit = check.warning ?? check.critical
  const isBelow = limit?.side === 'below'
  const times: number[] = []
  const values: (number | null)[] = []
  for (const { at, value } of history.points) {
    const time = Date.parse(at) / 1_000
    const last = times.at(-1)
    // Nothing was measured while the appliance was off: the line breaks.
    if (last !== undefined && time - last > history.point_s) {
      times.push(last + history.point_s)
      values.push(null)
    }
    times.push(time)
    values.push(isBelow ? value.min : value.max)
  }
  const format = (value: number) => formatCheckValue(value, history.unit)
  const series = [{ label: check.title, values, format, scale: 'value' }]
  const greatest = values.reduce<number>((most, value) => Math.max(most, value ?? 0), 0)
  if (limit !== null && limit.enter > 0 && limit.enter <= greatest * LIMIT_FACTOR_MAX) {
    series.push({ label: 'Limit', values: times.map(() => limit.enter), format, scale: 'value' })
  }
  return { times, series }
}
