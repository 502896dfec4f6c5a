import { fetchLimits } from '../api/settings'
import { poll } from '../composables/poll'

const PAUSE_MS = 10_000

/** The limits of the appliance, with how much of each is in use. */
export const limits = poll(fetchLimits, () => PAUSE_MS)
