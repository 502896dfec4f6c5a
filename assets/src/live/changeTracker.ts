import type { Batch, Span } from './types'

/** A mark ahead of us may overtake its batch on the way; after this long it did not. */
export const AHEAD_GRACE_MS = 1_000

/** Waiting changes beyond this cost more than another list. */
export const BUFFER_MAX_ITEMS = 200_000

/** Marks below our own number in a row that prove that the server went back in time. */
const BEHIND_MARKS_MAX = 2

export interface SyncPorts<Item> {
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
export class Sync<Item> {
  private seq = 0
  private loading = false
  /** Whether the list that is being fetched may come from an earlier run of the server. */
  private overtaken = false
  /** Spans that arrived during a refetch, in order; one without items is a hole. */
  private waiting: (Span & { items: Item[] | null })[] = []
  private waitingItems = 0
  private aheadSince: number | null = null
  private behindMarks = 0
  /** The last mark that arrived during a refetch. */
  private waitingMark: { seq: number; at: number } | null = null

  constructor(private readonly ports: SyncPorts<Item>) {}

  /** Forgets where we stand and fetches the list. */
  restart(): void {
    this.aheadSince = null
    this.behindMarks = 0
    if (this.loading) return
    this.loading = true
    this.ports.refetch()
  }

  /** Another run of the server: its numbers may mean something else, and those on the way too. */
  moved(): void {
    this.waiting = []
    this.waitingItems = 0
    this.waitingMark = null
    this.overtaken = this.loading
    this.restart()
  }

  /** The list was replaced by the server's at `seq`. */
  loaded(seq: number): void {
    if (this.overtaken) {
      this.overtaken = false
      this.ports.refetch()
      return
    }
    this.seq = seq
    this.loading = false
    this.aheadSince = null
    this.behindMarks = 0
    const waiting = this.waiting
    this.waiting = []
    this.waitingItems = 0
    for (const span of waiting) this.take(span)
    const mark = this.waitingMark
    this.waitingMark = null
    if (mark !== null && mark.seq > this.seq) this.aheadSince = mark.at
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
    else this.mark(seq, now)
  }

  /** The server says that it stands at `seq`. */
  mark(seq: number, now: number): void {
    if (this.loading) {
      this.waitingMark = { seq, at: now }
      return
    }
    if (seq > this.seq) this.aheadSince ??= now
    else this.aheadSince = null
    this.behindMarks = seq < this.seq ? this.behindMarks + 1 : 0
    if (this.behindMarks >= BEHIND_MARKS_MAX) this.restart()
  }

  /** To be called every half second or so. */
  tick(now: number): void {
    if (this.aheadSince !== null && now - this.aheadSince > AHEAD_GRACE_MS) this.restart()
  }

  private take(span: Span & { items: Item[] | null }): void {
    if (this.loading) return this.wait(span)
    if (span.to_seq <= this.seq) return
    if (span.from_seq > this.seq || span.items === null) {
      this.wait(span)
      return this.restart()
    }
    this.seq = span.to_seq
    this.aheadSince = null
    this.ports.apply(span.items)
  }

  private wait(span: Span & { items: Item[] | null }): void {
    this.waitingItems += span.items?.length ?? 0
    if (this.waitingItems > BUFFER_MAX_ITEMS) {
      this.waiting = []
      this.waitingItems = 0
      span = { from_seq: span.from_seq, to_seq: span.to_seq, items: null }
    }
    this.waiting.push(span)
  }
}
