import type { ReportHead, ReportKind, ReportValue } from '../api/types'
import { formatBytes, formatCount, formatMinute, formatNumber, formatSeconds } from '../utils/format'
import type { Tone } from '../utils/tone'

/** Every kind with its title, from the daily ones to the monthly ones. */
export const REPORT_TITLES: Record<ReportKind, string> = {
  daily_review: 'Daily review',
  restore_test: 'Restore test',
  pruning: 'Pruning of backups',
  reconciliation: 'Comparison with PostgreSQL',
  provisioning_test: 'Provisioning test',
  capacity: 'Capacity',
  disaster_drill: 'Disaster drill',
  incident_drill: 'Incident drill',
}

export const REPORT_RESULTS: Record<ReportHead['result'], { word: string; tone: Tone }> = {
  ok: { word: 'OK', tone: 'up' },
  warning: { word: 'Warning', tone: 'degraded' },
  failed: { word: 'Failed', tone: 'down' },
}

/** The kind that an address asks for; null for all. */
export function reportKindOf(word: unknown): ReportKind | null {
  return typeof word === 'string' && Object.hasOwn(REPORT_TITLES, word) ? (word as ReportKind) : null
}

/** A value with its unit; a dash for one that is not known. */
export function reportValueText(value: ReportValue | null): string {
  if (value === null) return '–'
  switch (value.unit) {
    case 'text':
      return value.value
    case 'count':
      return formatCount(value.value)
    case 'bytes':
      return formatBytes(value.value)
    case 'seconds':
      return formatSeconds(value.value)
    case 'percent':
      return `${formatNumber(Math.round(value.value * 10) / 10)}\u00a0%`
    case 'time':
      return formatMinute(value.value)
  }
}

/** Whether a value stands at the right of its column, as numbers do. */
export function isReportNumber(value: ReportValue | null): boolean {
  return value !== null && value.unit !== 'text' && value.unit !== 'time'
}
