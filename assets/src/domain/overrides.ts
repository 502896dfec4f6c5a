import type { Device, Problem, Status } from '../api/types'

/** A status that an operator set on a device or link. */
export interface Override {
  kind: 'device' | 'link'
  id: number
  name: string
  status: Status
  reason: string | null
  since: string
}

/** The override behind a problem, or null. */
export function problemOverride(problem: Problem): Override | null {
  const { kind, id, name, since, override_reason: reason } = problem
  const status = overriddenStatus(problem)
  if (status === null || (kind !== 'device' && kind !== 'link')) return null
  return { kind, id, name, status, reason, since }
}

/** The override of a device, or null. */
export function deviceOverride(device: Device): Override | null {
  const { id, name, status_override: status, override_reason: reason } = device
  if (status === null) return null
  return { kind: 'device', id, name, status, reason, since: device.status_since }
}

/** The status that an operator set; the severity of the problem tells DOWN from DEGRADED. */
export function overriddenStatus(problem: Problem): Status | null {
  if (problem.problem === 'conflict') return 'UP'
  if (problem.problem !== 'held') return null
  return problem.severity === 'critical' ? 'DOWN' : 'DEGRADED'
}
