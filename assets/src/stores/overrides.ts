import { clearOverride, setOverride } from '../api/devices'
import { clearLinkOverride, updateLink } from '../api/links'
import type { Device } from '../api/types'
import type { Override } from '../domain/overrides'
import { runAll } from '../utils/runAll'
import { clearStatusOverride, overrideStatus } from './devices'
import { write } from './writes'

/** Gives each device back the override that it had, or none; throws the first error. */
export async function restoreOverrides(before: readonly Device[]): Promise<void> {
  const { failures } = await runAll(
    before,
    async ({ id, status_override: status, override_reason: reason }) => {
      if (status === null) await write(() => clearOverride(id))
      else await write(() => setOverride(id, status, reason))
    },
    { progress: () => undefined, stopped: () => false },
  )
  const [first] = failures
  if (first !== undefined) throw first.error
}

/** Clears the override of a device or link. */
export async function removeOverride({ kind, id }: Override): Promise<void> {
  if (kind === 'device') await clearStatusOverride(id)
  else await write(() => clearLinkOverride(id))
}

/** Sets an override again, with the same status and reason. */
export async function restoreOverride({ kind, id, status, reason }: Override): Promise<void> {
  if (kind === 'device') await overrideStatus(id, status, reason)
  else await write(() => updateLink(id, { status_override: status, override_reason: reason }))
}
