import type { Device, Lifecycle, LifecycleGroup, Link, Simulation } from '../api/types'
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

/** What was done, as a sentence. */
export function lifecycleNotice(what: string, lifecycle: Lifecycle): string {
  const { done } = LIFECYCLE_ACTIONS[lifecycle]
  return lifecycle === 'in_service' ? `${done} ${what} into service.` : `${done} ${what}.`
}

/** The steps of a simulation that gives all targets the same lifecycle. */
export function lifecycleSteps(targets: readonly LifecycleTarget[], lifecycle: Lifecycle): Simulation['changes'] {
  return groupIds(targets).map((ids) => ({ op: 'lifecycle', lifecycle, ...ids }))
}

/** The groups that bring targets from the lifecycle that they have to another. */
export function groupsTo(targets: readonly LifecycleTarget[], lifecycle: Lifecycle): LifecycleGroup[] {
  return groupsOf(targets).map(({ lifecycle: replaces, ...ids }) => ({ ...ids, replaces, lifecycle }))
}

function groupsOf(targets: readonly LifecycleTarget[]) {
  const lifecycles = [...new Set(targets.map(({ lifecycle }) => lifecycle))]
  return lifecycles.flatMap((lifecycle) =>
    groupIds(targets.filter((target) => target.lifecycle === lifecycle)).map((ids) => ({ ...ids, lifecycle })),
  )
}
