import type { Device, Lifecycle, Link, Status } from '../api/types'
import type { Tone } from '../utils/tone'
import { STATUSES, STATUS_RANK, STATUS_TONES } from './statuses'

/** What a device or link is shown as: its status, or why its status alarms nobody. */
export type State = Status | 'PLANNED_WORK' | 'PLANNED' | 'RETIRED' | 'NOT_CONNECTED'

/** In the order of the filters. */
export const STATES: readonly State[] = [...STATUSES, 'PLANNED_WORK', 'PLANNED', 'RETIRED', 'NOT_CONNECTED']

/** Those of links, which are always connected. */
export const LINK_STATES: readonly State[] = STATES.filter((state) => state !== 'NOT_CONNECTED')

const QUIET: Record<Exclude<State, Status>, string> = {
  PLANNED_WORK: 'Planned work',
  PLANNED: 'Planned',
  RETIRED: 'Retired',
  NOT_CONNECTED: 'Not connected yet',
}

export const LIFECYCLES: Record<Lifecycle, string> = {
  planned: 'Planned',
  in_service: 'In service',
  retired: 'Retired',
}

/** What the state of a device follows from. */
type StatedDevice = Pick<
  Device,
  | 'lifecycle'
  | 'status_reasons'
  | 'status_override'
  | 'override_is_planned_work'
  | 'effective_status'
  | 'isBehindPlannedWork'
>

export function deviceState(device: StatedDevice): State {
  const { lifecycle, status_reasons: reasons, status_override: override, effective_status: status } = device
  if (lifecycle !== 'in_service') return stateOfLifecycle(lifecycle)
  if (override === null && reasons.includes('not_connected')) return 'NOT_CONNECTED'
  const isPlannedWork = override === null ? device.isBehindPlannedWork === true : device.override_is_planned_work
  return status !== 'UP' && isPlannedWork ? 'PLANNED_WORK' : status
}

type StatedEnd = Pick<Device, 'status_override' | 'override_is_planned_work'> | null

/** `ends`: its devices, as far as they are known. */
export function linkState(link: Link, ends: readonly StatedEnd[] = []): State {
  if (link.lifecycle !== 'in_service') return stateOfLifecycle(link.lifecycle)
  return link.status !== 'UP' && isPlannedWorkOn(link, ends) ? 'PLANNED_WORK' : link.status
}

/** A link has its status from its own override, or from devices at its ends that are overridden to DOWN. */
function isPlannedWorkOn(link: Link, ends: readonly StatedEnd[]): boolean {
  if (link.status_override === link.status) return link.override_is_planned_work
  const causes = ends.filter((end) => end?.status_override === 'DOWN')
  return causes.length > 0 && causes.every((end) => end?.override_is_planned_work)
}

/** The status as far as it alarms: planned work, and what is planned, retired or not connected yet, does not. */
export function alarmStatus(state: State): Status {
  return isStatus(state) ? state : 'UP'
}

export function stateLabel(state: State): string {
  return isStatus(state) ? state : QUIET[state]
}

export function stateTone(state: State): Tone {
  if (state === 'PLANNED_WORK') return 'work'
  return isStatus(state) ? STATUS_TONES[state] : 'quiet'
}

/** The worst first; what alarms nobody comes last. */
export function stateRank(state: State): number {
  return isStatus(state) ? STATUS_RANK[state] : STATES.indexOf(state)
}

function isStatus(state: State): state is Status {
  return !(state in QUIET)
}

function stateOfLifecycle(lifecycle: Exclude<Lifecycle, 'in_service'>): State {
  return lifecycle === 'planned' ? 'PLANNED' : 'RETIRED'
}
