import type { Status } from '../api/types'
import type { Tone } from '../utils/tone'

/** How a status is drawn; the worst first. */
export const STATUS_TONES: Record<Status, Tone> = { DOWN: 'down', DEGRADED: 'degraded', UP: 'up' }
export const STATUSES = Object.keys(STATUS_TONES) as Status[]
/** The worst first, for sorting and for telling worse from better. */
export const STATUS_RANK: Record<Status, number> = { DOWN: 0, DEGRADED: 1, UP: 2 }
