import { shallowRef } from 'vue'
import { fetchDevices } from '../api/devices'
import { detailOf } from '../api/http'
import { applyDeviceChanges, replaceDevices } from '../stores/devices'
import { applyInterfaceChanges, reloadInterfaces } from '../stores/interfaces'
import { scheduleProblems } from '../stores/problems'
import { type LinkFacts, linkState, SILENCE_MS_MAX } from './indicator'
import { openLive } from './socket'
import { Sync } from './sync'
import type { ChangeItem } from './types'

const TICK_MS = 500
/** A storm of resyncs must not turn into a storm of lists. */
const REFETCH_INTERVAL_MS = 1_000
const RETRY_MS_MAX = 10_000

export type ListState = { phase: 'loading' | 'ready' } | { phase: 'failed'; detail: string }

/** Whether a list is there; after the first one, a failing refetch leaves it `ready`. */
export const listState = shallowRef<ListState>({ phase: 'loading' })
/** What the connection indicator says. */
export const link = shallowRef(linkState(nothingYet(), 0))
/** When the connection was last good; null before the first time. */
export const lastLiveAt = shallowRef<number | null>(null)
/** The server is another build than the one this page came from. */
export const outdated = shallowRef(false)

const sync = new Sync<ChangeItem>({ apply: applyChanges, refetch: scheduleRefetch })
const facts: LinkFacts = nothingYet()
let site: string | null = null
let version: string | null = null
let refetchTimer: ReturnType<typeof setTimeout> | undefined
let refetchedAt = -Infinity
let failures = 0
let reopenedAt = 0

/** Starts the live list. Called once, for the life of the page. */
export function startFeed(): void {
  facts.downSince = Date.now()
  if (!navigator.onLine) facts.offlineSince = Date.now()
  const socket = openLive({
    connected: () => {
      facts.connected = true
    },
    disconnected: () => {
      facts.connected = false
      facts.heardAt = null
      facts.downSince ??= Date.now()
      tick()
    },
    snapshot: (snapshot) => {
      heard()
      const moved = site !== null && site !== snapshot.site
      outdated.value ||= version !== null && version !== snapshot.version
      site = snapshot.site
      version ??= snapshot.version
      if (moved) sync.restart()
      else sync.connected(snapshot.seq, Date.now())
    },
    changes: (batch) => {
      heard()
      sync.batch(batch)
    },
    resync: (span) => {
      heard()
      sync.resync(span)
    },
    heartbeat: (seq) => {
      heard()
      sync.mark(seq, Date.now())
    },
  })

  function tick(): void {
    const now = Date.now()
    link.value = linkState(facts, now)
    if (link.value === 'live') lastLiveAt.value = now
    sync.tick(now)
    const silent = facts.connected && now - (facts.heardAt ?? now) > SILENCE_MS_MAX
    if (silent && now - reopenedAt > SILENCE_MS_MAX) {
      reopenedAt = now
      socket.reopen()
    }
  }

  function heard(): void {
    facts.heardAt = Date.now()
    facts.downSince = null
    if (link.value !== 'live') tick()
  }

  window.addEventListener('offline', () => {
    facts.offlineSince = Date.now()
    tick()
  })
  window.addEventListener('online', () => {
    facts.offlineSince = null
    tick()
  })
  document.addEventListener('visibilitychange', tick)
  setInterval(tick, TICK_MS)
  sync.restart()
}

/** Tries again at once after a failed first list. */
export function retryNow(): void {
  if (listState.value.phase !== 'failed') return
  clearTimeout(refetchTimer)
  void refetch()
}

function scheduleRefetch(): void {
  // They need not wait for a list of 100,000 devices.
  scheduleProblems()
  const pause = Math.min(REFETCH_INTERVAL_MS * 2 ** failures, RETRY_MS_MAX)
  clearTimeout(refetchTimer)
  refetchTimer = setTimeout(() => void refetch(), Math.max(0, refetchedAt + pause - Date.now()))
}

async function refetch(): Promise<void> {
  try {
    if (listState.value.phase === 'failed') listState.value = { phase: 'loading' }
    const list = await fetchDevices()
    failures = 0
    refetchedAt = Date.now()
    replaceDevices(list.devices)
    void reloadInterfaces()
    scheduleProblems()
    listState.value = { phase: 'ready' }
    sync.loaded(list.seq)
  } catch (error) {
    failures += 1
    refetchedAt = Date.now()
    if (listState.value.phase !== 'ready') {
      listState.value = { phase: 'failed', detail: detailOf(error) }
    }
    scheduleRefetch()
  }
}

function applyChanges(items: ChangeItem[]): void {
  applyDeviceChanges(items)
  applyInterfaceChanges(items)
  scheduleProblems()
}

function nothingYet(): LinkFacts {
  return { connected: false, heardAt: null, downSince: null, offlineSince: null }
}
