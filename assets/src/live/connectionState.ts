/** The server sends a heartbeat every 5 s: two may be lost. */
export const SILENCE_MS_MAX = 12_000

/** A restart takes seconds; after this long it is an outage. */
export const OFFLINE_AFTER_MS = 30_000

export type ConnectionState = 'connecting' | 'live' | 'reconnecting' | 'offline'

export interface ConnectionFacts {
  connected: boolean
  /** Whether anything was ever heard. */
  wasHeard: boolean
  /** When the last event arrived. */
  heardAt: number | null
  /** Since when nothing was heard for want of a connection; ends with the first event. */
  downSince: number | null
  /** Since when the browser reports that it has no network. */
  offlineSince: number | null
}

/** The state of the live connection. Times are milliseconds of one clock. */
export function connectionState(facts: ConnectionFacts, now: number): ConnectionState {
  const { connected, heardAt, downSince, offlineSince } = facts
  // A browser on the server itself has no network and hears well.
  const hasNoNetwork = offlineSince !== null && (heardAt === null || heardAt <= offlineSince)
  if (hasNoNetwork) return 'offline'
  if (connected && heardAt !== null && now - heardAt <= SILENCE_MS_MAX) return 'live'
  const silent = connected && heardAt !== null
  const lostAt = silent ? heardAt + SILENCE_MS_MAX : (downSince ?? now)
  if (now - lostAt >= OFFLINE_AFTER_MS) return 'offline'
  return facts.wasHeard ? 'reconnecting' : 'connecting'
}
