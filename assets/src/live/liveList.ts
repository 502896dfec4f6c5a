import { type ShallowRef, shallowRef } from 'vue'
import { describeError } from '../api/http'
import { ChangeTracker } from './changeTracker'
import type { ChangeItem } from './types'

/** Many resyncs in a row must not fetch as many lists. */
const REFETCH_INTERVAL_MS = 1_000
const RETRY_MS_MAX = 10_000

export type ListState = { phase: 'loading' | 'ready' } | { phase: 'failed'; detail: string }

export interface LiveListSource {
  /** Fetches and replaces the whole list; returns the sequence number that it is current to. */
  load(): Promise<number>
  /** Takes over the changes of one batch. */
  apply(items: ChangeItem[]): void
}

/** A list of the server's, kept equal to it by the live changes from `start` on. */
export class LiveList {
  /** Whether the list is there; after the first one, a failing refetch leaves it `ready`. */
  readonly state: ShallowRef<ListState> = shallowRef({ phase: 'loading' })
  readonly tracker: ChangeTracker<ChangeItem>
  private started = false
  private timer: ReturnType<typeof setTimeout> | undefined
  private loadedAt = -Infinity
  private failures = 0

  constructor(private readonly source: LiveListSource) {
    this.tracker = new ChangeTracker<ChangeItem>({
      apply: (items) => source.apply(items),
      refetch: () => this.schedule(),
    })
  }

  get isStarted(): boolean {
    return this.started
  }

  /** Fetches the list and follows it from now on; further calls do nothing. */
  start(): void {
    if (this.started) return
    this.started = true
    this.tracker.restart()
  }

  /** Tries again at once after a failed first list. */
  retryNow(): void {
    if (this.state.value.phase !== 'failed') return
    clearTimeout(this.timer)
    void this.refetch()
  }

  private schedule(): void {
    const pause = Math.min(REFETCH_INTERVAL_MS * 2 ** this.failures, RETRY_MS_MAX)
    clearTimeout(this.timer)
    const wait = Math.max(0, this.loadedAt + pause - Date.now())
    this.timer = setTimeout(() => void this.refetch(), wait)
  }

  private async refetch(): Promise<void> {
    try {
      if (this.state.value.phase === 'failed') this.state.value = { phase: 'loading' }
      const seq = await this.source.load()
      this.failures = 0
      this.loadedAt = Date.now()
      this.state.value = { phase: 'ready' }
      this.tracker.loaded(seq)
    } catch (error) {
      this.failures += 1
      this.loadedAt = Date.now()
      if (this.state.value.phase !== 'ready') {
        this.state.value = { phase: 'failed', detail: describeError(error) }
      }
      this.schedule()
    }
  }
}
