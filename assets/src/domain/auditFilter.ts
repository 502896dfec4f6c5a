import type { AuditFilter } from '../api/audit'
import { localMinute } from '../utils/format'

/** The longest text that is searched for. */
export const AUDIT_FILTER_LENGTH_MAX = 128

export const NO_AUDIT_FILTER: AuditFilter = { actor: '', action: '', outcome: '', text: '', from: '', to: '' }

/** The names of the filter's parts in the query of the page's address. */
const KEYS = { actor: 'who', action: 'what', outcome: 'outcome', text: 'text', from: 'from', to: 'to' } as const
export const AUDIT_QUERY_KEYS: readonly string[] = Object.values(KEYS)

/** Parses the query of an address; what it does not know, it leaves out. */
export function readAuditFilter(search: string): AuditFilter {
  const params = new URLSearchParams(search)
  const text = (key: string): string => (params.get(key) ?? '').slice(0, AUDIT_FILTER_LENGTH_MAX)
  const outcome = params.get('outcome')
  return {
    actor: text(KEYS.actor),
    action: text(KEYS.action),
    outcome: outcome === 'done' || outcome === 'refused' ? outcome : '',
    text: text(KEYS.text),
    from: timeOf(params.get(KEYS.from)),
    to: timeOf(params.get(KEYS.to)),
  }
}

/** The parts of the filter that are set. */
export function writeAuditFilter(filter: AuditFilter): Record<string, string> {
  const parts = Object.entries(KEYS).map(([part, key]) => [key, filter[part as keyof AuditFilter]] as const)
  return Object.fromEntries(parts.filter(([, value]) => value !== ''))
}

/** A time of the filter as a field of type `datetime-local` has it. */
export function fieldTime(iso: string): string {
  return iso === '' ? '' : localMinute(Date.parse(iso))
}

/** What such a field has, as a time of the filter. */
export function filterTime(field: string): string {
  return field === '' ? '' : new Date(field).toISOString()
}

function timeOf(text: string | null): string {
  const time = Date.parse(text ?? '')
  return Number.isNaN(time) ? '' : new Date(time).toISOString()
}
