import { deleteMaintenance, fetchIncidents, fetchMaintenance, type IncidentDeed, postIncident, postMaintenance } from '../api/incidents'
import type { IncidentDetail, MaintenancePlan } from '../api/types'
import { derivedList } from './derivedList'
import { rememberName } from './personName'
import { write } from './writes'

/** Open incidents that are shown; nobody reads more. */
const LISTED_MAX = 200

/** The incidents that are not closed, those that nobody works on first. */
export const {
  state: incidents,
  schedule: scheduleIncidents,
  load: loadIncidents,
} = derivedList(async () => {
  const { open_count: open, acknowledged_count: acknowledged, incidents: list } = await fetchIncidents('not_closed', LISTED_MAX)
  return { count: open + acknowledged, list }
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
