import type { AuditRow } from '../api/types'

/** A line about an event: a value, or the one before and the one after it. */
export interface EventFact {
  name: string
  value: string
  before: string | null
  /** It is read letter by letter. */
  isCode?: true
}

/** What a row says of itself, and of what it was about. */
export function eventFacts(row: AuditRow): EventFact[] {
  const fact = (name: string, value: string | null): EventFact[] => (value === null || value === '' ? [] : [{ name, value, before: null }])
  return [
    ...fact('outcome', row.outcome === 'refused' ? 'refused' : null),
    ...fact('address', row.address),
    ...detailFacts(row.details ?? {}),
    ...fact('hash', row.hash).map((each) => ({ ...each, isCode: true as const })),
  ]
}

/** The details of an event in a line: `user ada, role admin`. */
export function summarizeDetails(details: Record<string, unknown>): string {
  return detailFacts(details)
    .map(({ name, value, before }) => (before === null ? `${name} ${value}` : `${name} ${before} → ${value}`))
    .join(', ')
}

function detailFacts(details: Record<string, unknown>): EventFact[] {
  const { before, after, ...others } = details
  return [
    ...Object.entries(others).map(([key, value]) => ({ name: words(key), value: textOf(value), before: null })),
    ...changes(recordOf(before), recordOf(after)),
  ]
}

/** The values that differ, and those that came or went. */
function changes(before: Record<string, unknown>, after: Record<string, unknown>): EventFact[] {
  const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])]
  return keys
    .map((key) => ({ name: words(key), before: textOf(before[key]), value: textOf(after[key]) }))
    .filter((each) => each.before !== each.value)
}

function recordOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {}
}

function words(key: string): string {
  return key.replaceAll('_', ' ')
}

function textOf(value: unknown): string {
  if (value === null || value === undefined) return 'none'
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}
