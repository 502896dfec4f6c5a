import { io } from 'socket.io-client'
import { url } from '../api/http'
import type { Batch, ChangedIncidents, LogBatch, SnapshotHint, Span } from './types'

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
  incidents(changed: ChangedIncidents): void
}

/** Whoever follows the log. */
export interface LogListener {
  /** Every line with a greater id comes from now on; also after each reconnect. */
  following(lastId: number): void
  lines(batch: LogBatch): void
  refused(detail: string): void
}

export interface LiveSocket {
  /** Follows the log until the result is called. One at a time. */
  followLog(listener: LogListener): () => void
  /** Drops a connection that went silent and makes a new one. */
  reopen(): void
}

type ServerEvents = {
  snapshot: (snapshot: SnapshotHint) => void
  changes: (batch: Batch) => void
  resync: (span: Span) => void
  heartbeat: (beat: { seq: number }) => void
  logs: (batch: LogBatch) => void
  'logs:following': (start: { last_id: number }) => void
  'logs:refused': (refusal: { detail: string }) => void
  incidents: (changed: ChangedIncidents) => void
}

type ClientEvents = Record<'logs:follow' | 'logs:unfollow' | 'logs:received', () => void>

/** Opens the live feed and keeps it open for the life of the page. */
export function openLive(handlers: LiveHandlers): LiveSocket {
  const socket: import('socket.io-client').Socket<ServerEvents, ClientEvents> = io(url('/live').href, {
    path: url('socket.io/').pathname,
    transports: ['websocket', 'polling'],
    tryAllTransports: true,
    reconnectionDelayMax: RECONNECT_DELAY_MS_MAX,
  })
  const comeBack = (): void => {
    // `active`: socket.io retries by itself.
    if (!socket.active) setTimeout(() => socket.connect(), RECONNECT_AFTER_KICK_MS)
  }
  let listener: LogListener | null = null
  socket.on('connect', () => {
    handlers.connected()
    if (listener !== null) socket.emit('logs:follow')
  })
  socket.on('disconnect', (reason) => {
    handlers.disconnected()
    if (reason !== 'io client disconnect') comeBack()
  })
  socket.on('connect_error', comeBack)
  socket.on('snapshot', handlers.snapshot)
  socket.on('changes', handlers.changes)
  socket.on('resync', handlers.resync)
  socket.on('heartbeat', (beat) => handlers.heartbeat(beat.seq))
  socket.on('logs:following', ({ last_id }) => listener?.following(last_id))
  socket.on('logs:refused', ({ detail }) => listener?.refused(detail))
  socket.on('logs', (batch) => {
    listener?.lines(batch)
    socket.emit('logs:received')
  })
  socket.on('incidents', handlers.incidents)
  return {
    followLog: (follower) => {
      listener = follower
      // Otherwise it is sent when the connection is there.
      if (socket.connected) socket.emit('logs:follow')
      return () => {
        if (listener !== follower) return
        listener = null
        if (socket.connected) socket.emit('logs:unfollow')
      }
    },
    reopen: () => {
      socket.disconnect().connect()
    },
  }
}
