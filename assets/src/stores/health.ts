import { fetchHealth } from '../api/health'
import { fetchSync } from '../api/sync'
import { poll } from '../composables/poll'

const PAUSE_MS = 5_000
/** A server without a mirror gets none by itself. */
const PAUSE_MS_NO_MIRROR = 60_000

/** The appliance's own health, and the state of its copy in PostgreSQL; null has none. */
export const health = poll(fetchHealth, () => PAUSE_MS)
export const syncStatus = poll(fetchSync, (value) =>
  value === null ? PAUSE_MS_NO_MIRROR : PAUSE_MS,
)
