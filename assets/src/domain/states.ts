import type { Device, Lifecycle, Link, Status } from '../api/types'
import type { Tone } from '../utils/tone'
import { STATUSES, STATUS_RANK, STATUS_TONES } from './statuses'

/** What a device or link is shown as: its status, or why its status alarms nobody. */
export type State = Status | 'PLANNED' | 'RETIRED' | 'NOT_CONNECTED'

/** In the order of the filters. */
export const STATES: readonly State[] = [...STATUSES, 'PLANNED', 'RETIRED', 'NOT_CONNECTED']

/** Those of links, which are always connected. */
export const LINK_STATES: readonly State[] = STATES.filter((state) => state !== 'NOT_CONNECTED')

const QUIET: Record<Exclude<State, Status>, string> = {
  PLANNED: 'Planned',
  RETIRED: 'Retired',
  NOT_CONNECTED: 'Not connected yet',
}

export const LIFECYCLES: Record<Lifecycle, string> = {
  planned: 'Planned',
  in_service: 'In service',
  retired: 'Retired',
}

export function deviceState(device: Pick<Device, 'lifecycle' | 'status_reasons' | 'status_override' | 'effective_status'>): State {
  const { lifecycle, status_reasons: reasons, status_override: override, effective_status: status } = device
  if (lifecycle !== 'in_service') return stateOfLifecycle(lifecycle)
  return override === null && reasons.includes('not_connected') ? 'NOT_CONNECTED' : status
}

export function linkState({ lifecycle, status }: Pick<Link, 'lifecycle' | 'status'>): State {
  return lifecycle === 'in_service' ? status : stateOfLifecycle(lifecycle)
}

/** The status as far as it alarms: what is planned, retired or not connected yet does not. */
export function alarmStatus(state: State): Status {
  return isStatus(state) ? state : 'UP'
}

export function stateLabel(state: State): string {
  return isStatus(state) ? state : QUIET[state]
}

export function stateTone(state: State): Tone {
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
