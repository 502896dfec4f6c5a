import { io } from 'socket.io-client'
import { url } from '../api/http'
import type { Batch, ChangedIncidents, LogBatch, Presence, PresentUser, SnapshotHint, Span } from './types'

const RECONNECT_DELAY_MS_MAX = 5_000
/** socket.io does not come back by itself after the server closed the session. */
const RECONNECT_AFTER_KICK_MS = 1_000

export interface LiveHandlers {
  /** Resolves when the server lets this browser in; before that, nothing is connected. */
  admitted(): Promise<void>
  connected(): void
  disconnected(): void
  snapshot(snapshot: SnapshotHint): void
  changes(batch: Batch): void
  resync(span: Span): void
  heartbeat(seq: number): void
  incidents(changed: ChangedIncidents): void
  presence(users: PresentUser[]): void
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
  /** Tells the server what is open here. */
  present(presence: Presence): void
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
  presence: (users: PresentUser[]) => void
}

type ClientEvents = Record<'logs:follow' | 'logs:unfollow' | 'logs:received', () => void> & {
  presence: (presence: Presence) => void
}

/** Opens the live feed and keeps it open for the life of the page. */
export function openLive(handlers: LiveHandlers): LiveSocket {
  const socket: import('socket.io-client').Socket<ServerEvents, ClientEvents> = io(url('/live').href, {
    path: url('socket.io/').pathname,
    autoConnect: false,
    transports: ['websocket', 'polling'],
    tryAllTransports: true,
    reconnectionDelayMax: RECONNECT_DELAY_MS_MAX,
  })
  const connect = async (pauseMs: number): Promise<void> => {
    await handlers.admitted()
    setTimeout(() => socket.connect(), pauseMs)
  }
  const comeBack = (): void => {
    // `active`: socket.io retries by itself. Else the server closed it or refused it: perhaps the session has ended.
    if (!socket.active) void connect(RECONNECT_AFTER_KICK_MS)
  }
  let presence: Presence = { device_id: null, is_editing: false }
  let listener: LogListener | null = null
  socket.on('connect', () => {
    handlers.connected()
    if (listener !== null) socket.emit('logs:follow')
    if (presence.device_id !== null) socket.emit('presence', presence)
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
  socket.on('presence', handlers.presence)
  void connect(0)
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
    present: (next) => {
      presence = next
      // Otherwise it is sent when the connection is there.
      if (socket.connected) socket.emit('presence', presence)
    },
    reopen: () => {
      socket.disconnect()
      void connect(0)
    },
  }
}
