import type { Device, Link, OverrideRow, Problem, ProblemDetail, Status } from '../api/types'
import { type EditConflict, withTheirs } from './editConflicts'

/** A device or link whose status can be overridden, with the override that it has. */
export interface OverrideTarget {
  kind: 'device' | 'link'
  id: number
  name: string
  /** Null without an override. */
  status: Status | null
  reason: string | null
}

/** A status that an operator set on a device or link. */
export interface Override extends OverrideTarget {
  status: Status
  since: string
}

/** The override behind a problem, or null. */
export function problemOverride(problem: Problem): Override | null {
  const { kind, id, name, since, override_reason: reason } = problem
  const status = overriddenStatus(problem)
  if (status === null || (kind !== 'device' && kind !== 'link')) return null
  return { kind, id, name, status, reason, since }
}

/** The override of the cause of a problem, or null; also where the problem is another one. */
export function causeOverride(detail: ProblemDetail): Override | null {
  const { id, name, since, status_override: status, override_reason: reason } = detail
  return status === null ? null : { kind: detail.kind === 'link' ? 'link' : 'device', id, name, status, reason, since }
}

/** The override of a row of the list. */
export function rowOverride(row: OverrideRow): Override {
  const { id, name, since, status_override: status, override_reason: reason } = row
  return { kind: row.kind === 'link' ? 'link' : 'device', id, name, status, reason, since }
}

/** Why a device or link does not show the status of its override; empty if it does. */
export function overrideNote({ kind, status_override: set, effective_status: status }: OverrideRow): string {
  if (set === status) return ''
  return kind === 'link' ? `${status}: a device at its end is overridden to DOWN` : status
}

/** The override of a device, or null. */
export function deviceOverride(device: Device): Override | null {
  return overrideOf(deviceTarget(device), device.status_since)
}

/** The override of a link, or null. */
export function linkOverride(link: Link, name: string): Override | null {
  return overrideOf(linkTarget(link, name), link.status_since)
}

export function deviceTarget({ id, name, status_override: status, override_reason: reason }: Device): OverrideTarget {
  return { kind: 'device', id, name, status, reason }
}

export function linkTarget({ id, status_override: status, override_reason: reason }: Link, name: string): OverrideTarget {
  return { kind: 'link', id, name, status, reason }
}

/** The step of a simulation that sets an override, or clears it with null. */
export function overrideStep({ kind, id }: OverrideTarget, status: Status | null): { op: string } {
  if (kind === 'device') return { op: 'override_device', device_id: id, status } as { op: string }
  return { op: 'update_link', link_id: id, status_override: status } as { op: string }
}

/** The status that an operator set; the severity of the problem tells DOWN from DEGRADED. */
export function overriddenStatus(problem: Problem): Status | null {
  if (problem.problem === 'conflict') return 'UP'
  if (problem.problem !== 'held') return null
  return problem.severity === 'critical' ? 'DOWN' : 'DEGRADED'
}

/** A target with the override that someone else has given it meanwhile. */
export function targetWithTheirs(target: OverrideTarget, conflicts: readonly EditConflict[]): OverrideTarget {
  const { status_override: status, override_reason: reason } = withTheirs(
    { status_override: target.status, override_reason: target.reason },
    conflicts,
  )
  return { ...target, status, reason }
}

function overrideOf(target: OverrideTarget, since: string): Override | null {
  const { status } = target
  return status === null ? null : { ...target, status, since }
}
