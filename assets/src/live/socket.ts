import { io } from 'socket.io-client'
import { url } from '../api/http'
import type { Batch, SnapshotHint, Span } from './types'

const RECONNECT_DELAY_MS_MAX = 5_000
/** socket.io does not come back by itself after the server closed the session. */
const RECONNECT_AFTER_KICK_MS = 1_000

export interface LiveHandlers {
  connected(): void
  disconnected(): void
  snapshot(snapshot: SnapshotHint): void
  changes(batch: Batch): void
  resync(span: Span): void
  heartbeat(seq: number): void
}

export interface LiveSocket {
  /** Drops a connection that went silent and makes a new one. */
  reopen(): void
}

type ServerEvents = {
  snapshot: (snapshot: SnapshotHint) => void
  changes: (batch: Batch) => void
  resync: (span: Span) => void
  heartbeat: (beat: { seq: number }) => void
}

/** Opens the live feed and keeps it open for the life of the page. */
export function openLive(handlers: LiveHandlers): LiveSocket {
  const socket: import('socket.io-client').Socket<ServerEvents> = io(url('/live').href, {
    path: url('socket.io/').pathname,
    transports: ['websocket', 'polling'],
    tryAllTransports: true,
    reconnectionDelayMax: RECONNECT_DELAY_MS_MAX,
  })
  const comeBack = (): void => {
    // `active`: socket.io retries by itself.
    if (!socket.active) setTimeout(() => socket.connect(), RECONNECT_AFTER_KICK_MS)
  }
  socket.on('connect', handlers.connected)
  socket.on('disconnect', (reason) => {
    handlers.disconnected()
    if (reason !== 'io client disconnect') comeBack()
  })
  socket.on('connect_error', comeBack)
  socket.on('snapshot', handlers.snapshot)
  socket.on('changes', handlers.changes)
  socket.on('resync', handlers.resync)
  socket.on('heartbeat', (beat) => handlers.heartbeat(beat.seq))
  return {
    reopen: () => {
      socket.disconnect().connect()
    },
  }
}
