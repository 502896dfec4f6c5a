import type { Incident, Job, MaintenanceWindow, TimelineEntry } from '../api/types'
import { formatCount, formatCounted } from '../utils/format'

/** The tabs of the page, in their order. */
export const INCIDENT_STATES = ['open', 'acknowledged', 'closed'] as const
export type IncidentState = (typeof INCIDENT_STATES)[number]

const SOURCES = new Map<string, string>([
  ['network', 'Network'],
  ['job', 'Job'],
  ['check', 'Check'],
  ['service', 'Service'],
])

/** Who reported it. */
export function sourceLabel(source: string): string {
  return SOURCES.get(source) ?? source
}

/** The page of an incident. */
export function incidentPage({ id }: Pick<Incident, 'id'>): string {
  return `/operations/incidents/${id}`
}

/** Where its cause is shown, and what that link says; null for one of the appliance itself. */
export function causePage({ subject, source, key }: Incident): { to: string; text: string } | null {
  if (subject !== null) return { to: `/operations/problems/${subject.kind}/${subject.id}`, text: 'Problem' }
  if (source === 'job') return { to: '/operations/jobs', text: 'Jobs' }
  if (source === 'check') return { to: '/operations/health', text: 'Health' }
  return key.startsWith('service:overflow') ? { to: '/operations/problems', text: 'Problems' } : null
}

/** The report of the last run that an incident of a job is about; null without one. */
export function failedRunReport({ source, key, closed_at: closed }: Incident, jobs: readonly Job[]): number | null {
  if (source !== 'job') return null
  const job = jobs.find(({ name }) => key === `job:${name}`)
  // It opens when a run has failed, so a run after its end is about another one.
  const end = closed === null ? Infinity : Date.parse(closed)
  const run = job?.runs.find(({ result, ended_at: ended }) => result === 'failed' && ended !== null && Date.parse(ended) <= end)
  return run?.report_id ?? null
}

/** The key of the incident of a problem of the network. */
export function networkKey(kind: string, id: number): string {
  return `network:${kind}:${id}`
}

/** What else is worth knowing in the list, each in a few words. */
export function incidentNotes(incident: Incident): string[] {
  const notes: string[] = []
  if (incident.count > 1) notes.push(`${formatCount(incident.count)} times`)
  if (incident.is_flapping) notes.push(incident.is_active ? 'comes and goes' : 'comes and goes, gone right now')
  if (incident.maintenance_id !== null) notes.push('muted by maintenance')
  if (incident.acknowledgement !== null) notes.push(`${incident.acknowledgement.name} works on it`)
  return notes
}

/** How many customers are affected; empty if none are. */
export function customersText({ customer_count: count, customer_count_max: max }: Incident): string {
  if (max === 0) return ''
  const text = formatCounted(count, 'customer')
  return max > count ? `${text}, ${formatCount(max)} at most` : text
}

const KINDS = new Map<string, string>([
  ['opened', 'Opened'],
  ['reopened', 'Came again'],
  ['escalated', 'Became worse'],
  ['eased', 'Became less severe'],
  ['gone', 'Gone for now'],
  ['flapping_began', 'Began to come and go'],
  ['flapping_ended', 'No longer comes and goes'],
  ['muted', 'Muted'],
  ['unmuted', 'No longer muted'],
  ['acknowledged', 'Acknowledged'],
  ['noted', 'Note'],
  ['closed', 'Closed'],
])

/** What happened, and who did it. */
export function entryHeading({ kind, name }: TimelineEntry): string {
  const what = KINDS.get(kind) ?? kind
  if (name === null) return kind === 'closed' ? 'Closed by itself' : what
  return kind === 'noted' ? `Note by ${name}` : `${what} by ${name}`
}

/** What a maintenance window mutes. */
export function windowPlace(window: MaintenanceWindow): string {
  if (window.device_id === null) return 'The whole site'
  return window.device_name ?? `Device ${window.device_id} (deleted)`
}

/** Where a window is in its life at a time in milliseconds: it goes on without news from the server. */
export function windowState(window: MaintenanceWindow, at: number): 'Active' | 'Planned' | 'Ended' {
  if (window.has_ended || Date.parse(window.ends_at) <= at) return 'Ended'
  return window.is_active || Date.parse(window.starts_at) <= at ? 'Active' : 'Planned'
}
