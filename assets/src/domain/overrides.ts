import type { Device, Problem, Status } from '../api/types'

/** Something whose status an operator decided. */
export interface Held {
  kind: 'device' | 'link'
  id: number
  name: string
  status: Status
  reason: string | null
  since: string
}

/** The override behind a problem, or null where there is none. */
export function heldOf(problem: Problem): Held | null {
  const { kind, id, name, since, override_reason: reason } = problem
  const status = heldStatus(problem)
  if (status === null || (kind !== 'device' && kind !== 'link')) return null
  return { kind, id, name, status, reason, since }
}

/** The override of a device, or null. */
export function heldDevice(device: Device): Held | null {
  const { id, name, status_override: status, override_reason: reason } = device
  if (status === null) return null
  return { kind: 'device', id, name, status, reason, since: device.status_since }
}

/** The status that an operator holds; the severity of a problem tells which. */
export function heldStatus(problem: Problem): Status | null {
  if (problem.problem === 'conflict') return 'UP'
  if (problem.problem !== 'held') return null
  return problem.severity === 'critical' ? 'DOWN' : 'DEGRADED'
}
