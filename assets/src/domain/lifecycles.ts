import type { Device, Lifecycle, LifecycleGroup, Link, Simulation } from '../api/types'
import { formatCounted } from '../utils/format'
import { groupIds } from './bulk'

/** A device or link with the part of its life that it is in. */
export interface LifecycleTarget {
  kind: 'device' | 'link'
  id: number
  name: string
  lifecycle: Lifecycle
}

/** What is done to reach a lifecycle, and what that means. */
export const LIFECYCLE_ACTIONS: Record<Lifecycle, { verb: string; done: string; hint: string }> = {
  in_service: { verb: 'Put into service', done: 'Put', hint: 'its status counts, and an outage alarms' },
  planned: { verb: 'Plan', done: 'Planned', hint: 'not built yet: nothing passes it, and it alarms nobody' },
  retired: { verb: 'Retire', done: 'Retired', hint: 'taken out of service: nothing passes it, and it alarms nobody' },
}

export function deviceLifecycle({ id, name, lifecycle }: Device): LifecycleTarget {
  return { kind: 'device', id, name, lifecycle }
}

export function linkLifecycle({ id, lifecycle }: Link, name: string): LifecycleTarget {
  return { kind: 'link', id, name, lifecycle }
}

/** What was done, as a sentence. `linkCount` links came with the devices. */
export function lifecycleNotice(what: string, lifecycle: Lifecycle, linkCount = 0): string {
  const { done } = LIFECYCLE_ACTIONS[lifecycle]
  const all = linkCount > 0 ? `${what} and ${formatCounted(linkCount, 'link')}` : what
  return lifecycle === 'in_service' ? `${done} ${all} into service.` : `${done} ${all}.`
}

/** A change of lifecycle. `withLinks`: the planned links at the devices come into service with them. */
export interface LifecycleChoice {
  lifecycle: Lifecycle
  withLinks: boolean
}

/** Whether planned links can come into service with these devices. */
export function canHaveLinks(targets: readonly LifecycleTarget[], lifecycle: Lifecycle): boolean {
  return lifecycle === 'in_service' && targets.some((target) => target.kind === 'device' && target.lifecycle === 'planned')
}

/** The steps of a simulation that gives all targets the same lifecycle. */
export function lifecycleSteps(targets: readonly LifecycleTarget[], choice: LifecycleChoice): Simulation['changes'] {
  return groupIds(targets).map((ids) => ({ op: 'lifecycle', ...ids, ...keysOf(choice) }))
}

/** The groups that bring targets from the lifecycle that they have to another. */
export function groupsTo(targets: readonly LifecycleTarget[], choice: LifecycleChoice): LifecycleGroup[] {
  return groupsOf(targets).map(({ lifecycle: replaces, ...ids }) => ({ ...ids, replaces, ...keysOf(choice) }))
}

function keysOf({ lifecycle, withLinks }: LifecycleChoice): Pick<LifecycleGroup, 'lifecycle' | 'with_links'> {
  return withLinks ? { lifecycle, with_links: 'planned' } : { lifecycle }
}

function groupsOf(targets: readonly LifecycleTarget[]) {
  const lifecycles = [...new Set(targets.map(({ lifecycle }) => lifecycle))]
  return lifecycles.flatMap((lifecycle) =>
    groupIds(targets.filter((target) => target.lifecycle === lifecycle)).map((ids) => ({ ...ids, lifecycle })),
  )
}
