import { clearOverride, setOverride } from '../api/devices'
import { clearLinkOverride, updateLink } from '../api/links'
import type { Status } from '../api/types'
import type { Override, OverrideTarget } from '../domain/overrides'
import { runAll } from '../utils/runAll'
import { clearStatusOverride, overrideStatus } from './devices'
import { write } from './writes'

/** Overrides the status of a device or link; null clears the override. */
export async function sendOverride(
  { kind, id }: OverrideTarget,
  status: Status | null,
  reason: string | null,
): Promise<void> {
  if (kind === 'device') await (status === null ? clearOverride(id) : setOverride(id, status, reason))
  else if (status === null) await clearLinkOverride(id)
  else await updateLink(id, { status_override: status, override_reason: reason })
}

/** Gives each device or link back the override that it had, or none; throws the first error. */
export async function restoreOverrides(before: readonly OverrideTarget[]): Promise<void> {
  const { failures } = await runAll(
    before,
    (target) => write(() => sendOverride(target, target.status, target.reason)),
    { progress: () => undefined, stopped: () => false },
  )
  const [first] = failures
  if (first !== undefined) throw first.error
}

/** Clears the override of a device or link. */
export async function removeOverride(override: Override): Promise<void> {
  if (override.kind === 'device') await clearStatusOverride(override.id)
  else await write(() => sendOverride(override, null, null))
}

/** Sets an override again, with the same status and reason. */
export async function restoreOverride(override: Override): Promise<void> {
  const { kind, id, status, reason } = override
  if (kind === 'device') await overrideStatus(id, status, reason)
  else await write(() => sendOverride(override, status, reason))
}
