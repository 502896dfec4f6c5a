import { clearOverride, setOverride } from '../api/devices'
import { clearLinkOverride, updateLink } from '../api/links'
import type { Device } from '../api/types'
import type { Held } from '../domain/overrides'
import { runAll } from '../utils/runAll'
import { forceStatus, releaseStatus } from './devices'
import { write } from './writes'

/** Gives devices the override that they had, or none; throws the first refusal. */
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

/** Lets the computed status of a device or link count again. */
export async function clearHeld({ kind, id }: Held): Promise<void> {
  if (kind === 'device') await releaseStatus(id)
  else await write(() => clearLinkOverride(id))
}

/** Sets an override again as it was: the same status, the same reason. */
export async function holdAgain({ kind, id, status, reason }: Held): Promise<void> {
  if (kind === 'device') await forceStatus(id, status, reason)
  else await write(() => updateLink(id, { status_override: status, override_reason: reason }))
}
