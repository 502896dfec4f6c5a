import type { Device, Problem } from '../api/types'
import { formatCounted } from '../utils/format'
import type { Tone } from '../utils/tone'
import { typeLabel } from './deviceTypes'
import { overriddenStatus } from './overrides'
import { reasonText, signalReason } from './statusReasons'

/** The server's severities, the worst first. */
export const SEVERITIES = ['critical', 'major', 'minor'] as const

const SEVERITY_MARKS = new Map<string, { tone: Tone; label: string }>([
  ['critical', { tone: 'down', label: 'Critical' }],
  ['major', { tone: 'degraded', label: 'Major' }],
  ['minor', { tone: 'minor', label: 'Minor' }],
])

/** How a severity is drawn; one that this page does not know is shown as it came. */
export function severityMark(severity: string): { tone: Tone; label: string } {
  return SEVERITY_MARKS.get(severity) ?? { tone: 'minor', label: severity }
}

/** What is wrong; with measured values if the root cause is a device with a signal. */
export function problemText(problem: Problem, cause?: Device): string {
  const { problem: code, device_count: affected } = problem
  if (code === 'held') return `Overridden to ${overriddenStatus(problem)} by an operator.`
  if (code === 'conflict') return 'Overridden to UP by an operator, but the computed status is DOWN.'
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

/** How many subscribers and devices a problem affects. */
export function affectedText(problem: Problem): string {
  const { leaf_count: subscribers, device_count: devices } = problem
  const parts: string[] = []
  if (subscribers > 0) parts.push(formatCounted(subscribers, 'subscriber'))
  if (devices > 0) parts.push(formatCounted(devices, 'device'))
  return parts.join(', ') || 'no subscribers'
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
