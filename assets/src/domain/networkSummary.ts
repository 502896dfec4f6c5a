import type { Problem } from '../api/types'
import { formatCounted } from '../utils/format'
import { largestProblem } from './problems'

/** The state of the whole network, as the Overview shows it first. */
export interface NetworkSummary {
  /** `outage`: a critical problem that takes other devices down. */
  tone: 'ok' | 'degraded' | 'critical' | 'outage'
  headline: string
  problemCount: number
  criticalCount: number
  largest: Problem | null
}

/** `count` may exceed the list: the server sends the worst problems only. */
export function networkSummary(count: number, problems: readonly Problem[]): NetworkSummary {
  const critical = problems.filter(({ severity }) => severity === 'critical')
  const subscribers = problems.reduce((sum, each) => sum + each.leaf_count, 0)
  return {
    tone: toneOf(count, critical),
    headline: headlineOf(count, subscribers),
    problemCount: count,
    criticalCount: critical.length,
    largest: largestProblem(problems),
  }
}

function toneOf(count: number, critical: readonly Problem[]): NetworkSummary['tone'] {
  if (count === 0) return 'ok'
  if (critical.length === 0) return 'degraded'
  return critical.some((each) => each.device_count > 0) ? 'outage' : 'critical'
}

function headlineOf(count: number, subscribers: number): string {
  if (count === 0) return 'The network is working normally'
  if (subscribers === 0) return formatCounted(count, 'problem')
  return `${formatCounted(subscribers, 'subscriber')} affected`
}
