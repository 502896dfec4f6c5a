import { type OverrideFields, putDeviceOverride, putLinkOverride } from '../api/overrides'
import type { Status } from '../api/types'
import { deviceOverride, linkOverride, type Override, type OverrideTarget } from '../domain/overrides'
import { runAll } from '../utils/runAll'
import { devices } from './devices'
import { links } from './links'
import { write } from './writes'

/**
 * Overrides the status of a device or link; null clears the override. Throws `EditConflictError` if it no longer
 * has the override that `target` says.
 */
export async function sendOverride(target: OverrideTarget, status: Status | null, reason: string | null): Promise<void> {
  const before = fieldsOf(target.status, target.reason)
  const next = fieldsOf(status, status === null ? null : reason)
  const put = target.kind === 'device' ? putDeviceOverride : putLinkOverride
  await write(() => put(target.id, before, next))
}

/** An override as the lists have it; as it is given while they do not have that device or link. */
export function knownOverride(override: Override): Override {
  const { kind, id, name } = override
  const device = kind === 'device' ? devices.value.get(id) : undefined
  const link = kind === 'link' ? links.value.get(id) : undefined
  const known = device !== undefined ? deviceOverride(device) : link === undefined ? null : linkOverride(link, name)
  return known ?? override
}

/**
 * Gives each device or link back the override that it had, or none, after they were set to `status`. Throws the
 * first error.
 */
export async function restoreOverrides(
  targets: readonly OverrideTarget[],
  status: Status | null,
  reason: string | null,
): Promise<void> {
  const { failures } = await runAll(
    targets,
    (target) => sendOverride({ ...target, status, reason }, target.status, target.reason),
    { progress: () => undefined, stopped: () => false },
  )
  const [first] = failures
  if (first !== undefined) throw first.error
}

function fieldsOf(status: Status | null, reason: string | null): OverrideFields {
  return { status_override: status, override_reason: reason }
}
