import { nextPage, readJson, request } from './http'
import type { Incident, IncidentActionBody, IncidentDetail, Incidents, MaintenancePlan, MaintenanceWindow } from './types'

export type IncidentFilter = 'open' | 'acknowledged' | 'closed' | 'not_closed'

/** The severities, worst first. */
export const INCIDENT_SEVERITIES = ['critical', 'major', 'minor'] as const
export type IncidentSeverity = (typeof INCIDENT_SEVERITIES)[number]

/** The first incidents with this state, of one severity or of any. */
export async function fetchIncidents(state: IncidentFilter, limit: number, severity?: IncidentSeverity): Promise<Incidents> {
  const more = severity === undefined ? '' : `&severity=${severity}`
  return readJson(await request('GET', `api/incidents?state=${state}&limit=${limit}${more}`))
}

/** Some incidents with a state, and where the next page begins; `after` is null for the first page. */
export async function fetchIncidentPage(
  state: IncidentFilter,
  limit: number,
  after: string | null,
): Promise<{ answer: Incidents; next: string | null }> {
  const from = after === null ? '' : `&after=${encodeURIComponent(after)}`
  const response = await request('GET', `api/incidents?state=${state}&limit=${limit}${from}`)
  return { answer: await readJson(response), next: nextPage(response.headers.get('link')) }
}

/** The incident of a problem, such as `network:link:12`: the one that is not closed, or else the last one. */
export async function fetchIncidentOf(key: string): Promise<Incident | null> {
  const found = await readJson<Incidents>(await request('GET', `api/incidents?key=${encodeURIComponent(key)}`))
  return found.incidents[0] ?? null
}

/** An incident with its timeline; `ApiError` 404 when there is none (any more). */
export async function fetchIncident(id: number): Promise<IncidentDetail> {
  return readJson(await request('GET', `api/incidents/${id}`))
}

/** What a person does with an incident. */
export type IncidentDeed = 'acknowledge' | 'note' | 'close'

export async function postIncident(id: number, deed: IncidentDeed, body: IncidentActionBody): Promise<IncidentDetail> {
  return readJson(await request('POST', `api/incidents/${id}/${deed}`, body))
}

/** Planned maintenance, then what has ended. */
export async function fetchMaintenance(): Promise<MaintenanceWindow[]> {
  return readJson(await request('GET', 'api/maintenance'))
}

export async function postMaintenance(plan: MaintenancePlan): Promise<MaintenanceWindow> {
  return readJson(await request('POST', 'api/maintenance', plan))
}

export async function deleteMaintenance(id: number): Promise<void> {
  await request('DELETE', `api/maintenance/${id}`)
}
