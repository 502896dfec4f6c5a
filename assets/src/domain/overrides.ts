import type { Device, Link, OverrideGroup, OverrideRow, Problem, ProblemDetail, Simulation, Status } from '../api/types'
import { groupIds } from './bulk'

/** A status that is set by hand, or none. */
export interface OverrideSetting {
  /** Null without an override. */
  status: Status | null
  reason: string | null
  /** When it ends by itself. */
  endsAt: string | null
  /** Planned work alarms nobody. */
  isPlanned: boolean
}

export const NO_OVERRIDE: OverrideSetting = { status: null, reason: null, endsAt: null, isPlanned: false }

/** A device or link whose status can be overridden, with the override that it has. */
export interface OverrideTarget extends OverrideSetting {
  kind: 'device' | 'link'
  id: number
  name: string
}

/** A status that an operator set on a device or link. */
export interface Override extends OverrideTarget {
  status: Status
  since: string
}

/** The fields of an override, as devices, links and problems have them. */
export type OverrideFields = Pick<
  Device | Link | Problem,
  'status_override' | 'override_reason' | 'override_ends_at' | 'override_is_planned_work'
>

/** The override behind a problem, or null. */
export function problemOverride(problem: Problem): Override | null {
  const { kind, id, name, since } = problem
  if (overriddenStatus(problem) === null || (kind !== 'device' && kind !== 'link')) return null
  return overrideOf({ kind, id, name, ...settingOf(problem) }, since)
}

/** The override of the cause of a problem, or null; also where the problem is another one. */
export function causeOverride(detail: ProblemDetail): Override | null {
  const { id, name, since } = detail
  return overrideOf({ kind: detail.kind === 'link' ? 'link' : 'device', id, name, ...settingOf(detail) }, since)
}

/** The override of a row of the list. */
export function rowOverride(row: OverrideRow): Override {
  const { id, name, since, status_override: status } = row
  return { kind: row.kind === 'link' ? 'link' : 'device', id, name, since, ...settingOf(row), status }
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

export function deviceTarget(device: Device): OverrideTarget {
  return { kind: 'device', id: device.id, name: device.name, ...settingOf(device) }
}

export function linkTarget(link: Link, name: string): OverrideTarget {
  return { kind: 'link', id: link.id, name, ...settingOf(link) }
}

/** A target with the override that it has now. */
export function currentTarget({ kind, id, name }: OverrideTarget, current: OverrideFields): OverrideTarget {
  return { kind, id, name, ...settingOf(current) }
}

/** An override as the fields of a device or link. */
export function fieldsOf({ status, reason, endsAt, isPlanned }: OverrideSetting): OverrideFields {
  return {
    status_override: status,
    override_reason: reason,
    override_ends_at: endsAt,
    override_is_planned_work: isPlanned,
  }
}

/** The steps of a simulation that gives all targets the same override, or clears it. */
export function overrideSteps(targets: readonly OverrideTarget[], status: Status | null): Simulation['changes'] {
  return groupIds(targets).map((ids) => ({ op: 'override', status, ...ids }))
}

/** The requests for targets, those with the same change together. */
export function groupTargets(
  targets: readonly OverrideTarget[],
  changeOf: (target: OverrideTarget) => { before: OverrideSetting; after: OverrideSetting },
): OverrideGroup[] {
  const groups = new Map<string, { targets: OverrideTarget[]; before: OverrideSetting; after: OverrideSetting }>()
  for (const target of targets) {
    const { before, after } = changeOf(target)
    const key = JSON.stringify([valueOf(before), valueOf(after)])
    const group = groups.get(key) ?? { targets: [], before, after }
    group.targets.push(target)
    groups.set(key, group)
  }
  return [...groups.values()].flatMap(({ targets, before, after }) =>
    groupIds(targets).map((ids) => ({
      ...ids,
      ...valueOf(after),
      replaces: before.status === null ? null : valueOf(before),
    })),
  )
}

/** The status that an operator set, of a problem that an override is. */
export function overriddenStatus(problem: Problem): Status | null {
  return problem.problem === 'held' || problem.problem === 'conflict' ? problem.status_override : null
}

function valueOf({ status, reason, endsAt, isPlanned }: OverrideSetting) {
  return { status, reason, ends_at: endsAt, planned: isPlanned }
}

export function settingOf(fields: OverrideFields): OverrideSetting {
  return {
    status: fields.status_override,
    reason: fields.override_reason,
    endsAt: fields.override_ends_at ?? null,
    isPlanned: fields.override_is_planned_work,
  }
}

function overrideOf(target: OverrideTarget, since: string): Override | null {
  const { status } = target
  return status === null ? null : { ...target, status, since }
}
