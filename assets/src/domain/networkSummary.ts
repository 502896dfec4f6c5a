import type { Problem } from '../api/types'
import { formatCounted } from '../utils/format'
import { isPlannedWork, largestProblem, type ServiceCounts, serviceText, sumOfCounts } from './problems'

/** The state of the whole network, as the Overview shows it first. */
export interface NetworkSummary {
  /** `outage`: a critical problem that takes other devices down. */
  tone: 'ok' | 'degraded' | 'critical' | 'outage'
  headline: string
  problemCount: number
  criticalCount: number
  largest: Problem | null
  /** Planned work under way, and what subscribers notice of it; empty without any. */
  plannedWork: string
}

/** `openCount`: those that alarm. They may exceed the list: the server sends the worst problems only. */
export function networkSummary(openCount: number, problems: readonly Problem[]): NetworkSummary {
  const planned = problems.filter(isPlannedWork)
  const open = problems.filter((each) => !isPlannedWork(each))
  const critical = open.filter(({ severity }) => severity === 'critical')
  return {
    tone: toneOf(openCount, critical),
    headline: headlineOf(openCount, sumOfCounts(open)),
    problemCount: openCount,
    criticalCount: critical.length,
    largest: largestProblem(open),
    plannedWork: plannedWorkText(planned),
  }
}

/** How many customers have no service now, without planned work. */
export function customersWithoutService(problems: readonly Problem[]): number {
  return sumOfCounts(problems.filter((each) => !isPlannedWork(each))).without_service_count
}

function toneOf(count: number, critical: readonly Problem[]): NetworkSummary['tone'] {
  if (count === 0) return 'ok'
  if (critical.length === 0) return 'degraded'
  return critical.some((each) => each.device_count > 0) ? 'outage' : 'critical'
}

function headlineOf(count: number, counts: ServiceCounts): string {
  if (count === 0) return 'The network is working normally'
  const { without_service_count: without, degraded_count: degraded, low_margin_count: low } = counts
  if (without > 0) return `${formatCounted(without, 'subscriber')} without service`
  if (degraded > 0) return `${formatCounted(degraded, 'subscriber')} degraded`
  if (low > 0) return `${formatCounted(low, 'subscriber')} with low margin`
  return formatCounted(count, 'problem')
}

function plannedWorkText(planned: readonly Problem[]): string {
  if (planned.length === 0) return ''
  const service = serviceText(sumOfCounts(planned))
  const text = planned.length === 1 ? 'Planned work' : `Planned work at ${formatCounted(planned.length, 'place')}`
  return service === '' ? text : `${text}: ${service}`
}
