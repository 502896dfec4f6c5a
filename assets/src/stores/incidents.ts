import {
  deleteMaintenance,
  fetchIncidents,
  fetchMaintenance,
  INCIDENT_SEVERITIES,
  type IncidentDeed,
  postIncident,
  postMaintenance,
} from '../api/incidents'
import type { Incident, IncidentDetail, MaintenancePlan } from '../api/types'
import { derivedList } from './derivedList'
import { rememberName } from './personName'
import { write } from './writes'

/** Incidents of one severity that are shown; nobody reads more. */
const LISTED_MAX = 200

/** The incidents that are not closed: those that nobody works on first, and of these the worst ones. */
export const {
  state: incidents,
  schedule: scheduleIncidents,
  load: loadIncidents,
} = derivedList(async () => {
  // Each severity has a request of its own: many lesser incidents hide no worse one.
  const requests = INCIDENT_SEVERITIES.map((severity) => fetchIncidents('not_closed', LISTED_MAX, severity))
  const [worst, ...others] = await Promise.all(requests)
  const list = [worst, ...others].flatMap((page) => page?.incidents ?? [])
  const isFree = (each: Incident): boolean => each.acknowledgement === null
  return {
    count: (worst?.open_count ?? 0) + (worst?.acknowledged_count ?? 0),
    list: [...list.filter(isFree), ...list.filter((each) => !isFree(each))],
  }
})

/** Maintenance that is planned, under way or over. */
export const {
  state: maintenance,
  schedule: scheduleMaintenance,
  load: loadMaintenance,
} = derivedList(async () => {
  const list = await fetchMaintenance()
  return { count: list.length, list }
})

/** Does something with an incident; the name is remembered for the next time. */
export async function actOnIncident(id: number, deed: IncidentDeed, name: string, note: string): Promise<IncidentDetail> {
  rememberName(name)
  const incident = await write(() => postIncident(id, deed, note === '' ? { name } : { name, note }))
  void loadIncidents()
  return incident
}

export async function planMaintenance(plan: MaintenancePlan): Promise<void> {
  rememberName(plan.name)
  await write(() => postMaintenance(plan))
  await loadMaintenance()
}

export async function endMaintenance(id: number): Promise<void> {
  await write(() => deleteMaintenance(id))
  await loadMaintenance()
}
