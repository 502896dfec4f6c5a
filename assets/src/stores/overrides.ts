import { clearOverride, setOverride } from '../api/devices'
import type { Device } from '../api/types'
import { runAll } from '../utils/runAll'
import { write } from './writes'

/** Gives devices the override that they had, or none; throws the first refusal. */
export async function restoreOverrides(before: readonly Device[]): Promise<void> {
  const { failures } = await runAll(
    before,
    async ({ id, status_override: status, override_reason: reason }) => {
      if (status === 'UP' || status === 'DOWN') await write(() => setOverride(id, status, reason))
      else await write(() => clearOverride(id))
    },
    { progress: () => undefined, stopped: () => false },
  )
  const [first] = failures
  if (first !== undefined) throw first.error
}
