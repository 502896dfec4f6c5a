import type { Device, Problem } from '../api/types'
import { formatCount, formatCounted } from '../utils/format'
import type { Tone } from '../utils/tone'
import { typeLabel } from './deviceTypes'
import { overriddenStatus, settingOf } from './overrides'
import { overrideTerms } from './overrideTerms'
import { reasonText, signalReason } from './statusReasons'

/** The server's severities, the worst first; planned work alarms nobody. */
export const SEVERITIES = ['critical', 'major', 'minor', 'planned'] as const

const SEVERITY_MARKS = new Map<string, { tone: Tone; label: string }>([
  ['critical', { tone: 'down', label: 'Critical' }],
  ['major', { tone: 'degraded', label: 'Major' }],
  ['minor', { tone: 'minor', label: 'Minor' }],
  ['planned', { tone: 'work', label: 'Planned work' }],
])

/** How a severity is drawn; one that this page does not know is shown as it came. */
export function severityMark(severity: string): { tone: Tone; label: string } {
  return SEVERITY_MARKS.get(severity) ?? { tone: 'minor', label: severity }
}

/** What is wrong; with measured values if the root cause is a device with a signal. */
export function problemText(problem: Problem, cause?: Device, now = Date.now()): string {
  const { problem: code, device_count: affected } = problem
  if (code === 'held') {
    const terms = overrideTerms(settingOf(problem), now)
    const text = `verridden to ${overriddenStatus(problem)} by an operator.`
    return terms === '' ? `O${text}` : `${terms}: o${text}`
  }
  if (code === 'conflict') return 'Overridden to UP by an operator, but the computed status is DOWN.'
  if (code === 'not_in_service') return 'It is planned or retired, but devices that are in service depend on it.'
  const weak = signalReason(code)
  if (weak !== undefined && affected > 0) return `Affects every device behind it. At worst: ${lowerFirst(weak)}`
  const signal = cause?.status_reasons.includes(code) === true ? cause.signal : null
  return reasonText(code, signal)
}

/** What kind of thing the root cause is, and its place. */
export function causeText(problem: Problem, type: string | undefined): string {
  const noun = problem.kind === 'link' ? 'Link' : typeLabel(type ?? 'Device')
  return problem.place === null ? noun : `${noun}, ${problem.place}`
}

/** Subscribers by what they notice: without service, degraded, with low optical margin. */
export type ServiceCounts = Pick<Problem, 'without_service_count' | 'degraded_count' | 'low_margin_count'>

/** How many subscribers a problem affects and how, and how many devices. */
export function affectedText(problem: Problem): string {
  const { device_count: devices } = problem
  const parts = [serviceText(problem), devices > 0 ? formatCounted(devices, 'device') : '']
  return parts.filter((part) => part !== '').join(', ') || 'no subscribers'
}

/** What subscribers notice, the worst first; empty if none does. */
export function serviceText(counts: ServiceCounts): string {
  const { without_service_count: without, degraded_count: degraded, low_margin_count: low } = counts
  const parts = [
    [without, 'without service'],
    [degraded, 'degraded'],
    [low, 'with low margin'],
  ] as const
  const some = parts.filter(([count]) => count > 0)
  return some
    .map(([count, what], at) => `${at === 0 ? formatCounted(count, 'subscriber') : formatCount(count)} ${what}`)
    .join(', ')
}

/** The sum of several problems. */
export function sumOfCounts(problems: readonly ServiceCounts[]): ServiceCounts {
  const sum = (key: keyof ServiceCounts): number => problems.reduce((total, each) => total + each[key], 0)
  return {
    without_service_count: sum('without_service_count'),
    degraded_count: sum('degraded_count'),
    low_margin_count: sum('low_margin_count'),
  }
}

/** Whether a problem is planned work, which alarms nobody. */
export function isPlannedWork({ severity }: Problem): boolean {
  return severity === 'planned'
}

/** The page of a problem. */
export function problemPage({ kind, id }: Pick<Problem, 'kind' | 'id'>): string {
  return `/operations/problems/${kind}/${id}`
}

/** The problem that a device or link causes or, if it is a device, that affects it; as far as they are listed. */
export function problemAt(problems: readonly Problem[], kind: 'device' | 'link', id: number): Problem | null {
  const own = problems.find((each) => each.kind === kind && each.id === id)
  if (own !== undefined || kind === 'link') return own ?? null
  return problems.find(({ device_ids: affected }) => affected.includes(id)) ?? null
}

/**
 * The problem that matters most: of the worst severity, the one with the most subscribers, then
 * the most devices; of equals, the oldest. Null if there are none.
 */
export function largestProblem(problems: readonly Problem[]): Problem | null {
  return problems.reduce<Problem | null>(
    (largest, each) => (largest === null || isLarger(each, largest) ? each : largest),
    null,
  )
}

function isLarger(one: Problem, other: Problem): boolean {
  const differences = [
    rank(other) - rank(one),
    one.leaf_count - other.leaf_count,
    one.device_count - other.device_count,
    Date.parse(other.since) - Date.parse(one.since),
  ]
  return (differences.find((each) => each !== 0) ?? 0) > 0
}

/** 0 is the worst; a severity that this page does not know comes last. */
function rank({ severity }: Problem): number {
  const at = SEVERITIES.findIndex((each) => each === severity)
  return at < 0 ? SEVERITIES.length : at
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1)
}
