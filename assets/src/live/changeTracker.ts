import type { Batch, Span } from './types'

/** A heartbeat ahead of us may overtake its batch on the way; after this long it did not. */
export const AHEAD_GRACE_MS = 1_000

/** Waiting changes beyond this cost more than another list. */
export const BUFFER_MAX_ITEMS = 200_000

/** Marks below our own number in a row that prove that the server went back in time. */
const BEHIND_HEARTBEATS_MAX = 2

export interface ChangeTrackerCallbacks<Item> {
  /** Takes over the changes of one batch. */
  apply(items: Item[]): void
  /** Fetches the whole list, trying until it has it, then calls `loaded`. */
  refetch(): void
}

/**
 * Keeps a list equal to the server's by its numbered changes.
 *
 * Pure: no clock, no network. Invariant: between two calls, the list is the server's at
 * `seq`, or a refetch is under way.
 */
export class ChangeTracker<Item> {
  private seq = 0
  private loading = false
  /** Whether the list that is being fetched may come from an earlier run of the server. */
  private isListStale = false
  /** Spans that arrived during a refetch, in order; one without items is a hole. */
  private buffered: (Span & { items: Item[] | null })[] = []
  private bufferedItems = 0
  private aheadSince: number | null = null
  private behindHeartbeats = 0
  /** The last heartbeat that arrived during a refetch. */
  private bufferedHeartbeat: { seq: number; at: number } | null = null

  constructor(private readonly callbacks: ChangeTrackerCallbacks<Item>) {}

  /** Forgets where we stand and fetches the list. */
  restart(): void {
    this.aheadSince = null
    this.behindHeartbeats = 0
    if (this.loading) return
    this.loading = true
    this.callbacks.refetch()
  }

  /** Another run of the server: its numbers may mean something else, and those on the way too. */
  serverRestarted(): void {
    this.buffered = []
    this.bufferedItems = 0
    this.bufferedHeartbeat = null
    this.isListStale = this.loading
    this.restart()
  }

  /** The list was replaced by the server's at `seq`. */
  loaded(seq: number): void {
    if (this.isListStale) {
      this.isListStale = false
      this.callbacks.refetch()
      return
    }
    this.seq = seq
    this.loading = false
    this.aheadSince = null
    this.behindHeartbeats = 0
    const buffered = this.buffered
    this.buffered = []
    this.bufferedItems = 0
    for (const span of buffered) this.take(span)
    const last = this.bufferedHeartbeat
    this.bufferedHeartbeat = null
    if (last !== null && last.seq > this.seq) this.aheadSince = last.at
  }

  batch(batch: Batch<Item>): void {
    this.take(batch)
  }

  /** Too much changed to be sent. */
  resync(span: Span): void {
    this.take({ from_seq: span.from_seq, to_seq: span.to_seq, items: null })
  }

  /**
   * A connection was made, and the server stood at `seq`. Below us, its history was cut off
   * (a restored backup, a lost tail) and its numbers mean something else from now on.
   */
  connected(seq: number, now: number): void {
    if (!this.loading && seq < this.seq) this.restart()
    else this.heartbeat(seq, now)
  }

  /** The server reports that it is at `seq`. */
  heartbeat(seq: number, now: number): void {
    if (this.loading) {
      this.bufferedHeartbeat = { seq, at: now }
      return
    }
    if (seq > this.seq) this.aheadSince ??= now
    else this.aheadSince = null
    this.behindHeartbeats = seq < this.seq ? this.behindHeartbeats + 1 : 0
    if (this.behindHeartbeats >= BEHIND_HEARTBEATS_MAX) this.restart()
  }

  /** To be called every half second or so. */
  tick(now: number): void {
    if (this.aheadSince !== null && now - this.aheadSince > AHEAD_GRACE_MS) this.restart()
  }

  private take(span: Span & { items: Item[] | null }): void {
    if (this.loading) return this.buffer(span)
    if (span.to_seq <= this.seq) return
    if (span.from_seq > this.seq || span.items === null) {
      this.buffer(span)
      return this.restart()
    }
    this.seq = span.to_seq
    this.aheadSince = null
    this.callbacks.apply(span.items)
  }

  private buffer(span: Span & { items: Item[] | null }): void {
    this.bufferedItems += span.items?.length ?? 0
    if (this.bufferedItems > BUFFER_MAX_ITEMS) {
      this.buffered = []
      this.bufferedItems = 0
      span = { from_seq: span.from_seq, to_seq: span.to_seq, items: null }
    }
    this.buffered.push(span)
  }
}
