import { shallowRef, watch } from 'vue'
import { fetchDevices } from '../api/devices'
import { applyDeviceChanges, replaceDevices } from '../stores/devices'
import { applyInterfaceChanges, reloadInterfaces } from '../stores/interfaces'
import { applyLinkChanges, loadLinks } from '../stores/links'
import { scheduleIncidents, scheduleMaintenance } from '../stores/incidents'
import { scheduleOverrides } from '../stores/overrideList'
import { followPlannedWork } from '../stores/plannedWork'
import { ownPresence, replacePresence } from '../stores/presence'
import { scheduleProblems } from '../stores/problems'
import { askLogin, loadSession, session } from '../stores/session'
import { type ConnectionFacts, connectionState, SILENCE_MS_MAX } from './connectionState'
import { LiveList } from './liveList'
import { type LiveSocket, type LogListener, openLive } from './socket'
import type { ChangeItem } from './types'

const TICK_MS = 500

/** The state of the live connection. */
export const connection = shallowRef(connectionState(initialFacts(), 0))
/** When the connection was last good; null before the first time. */
export const lastLiveAt = shallowRef<number | null>(null)
/** The server is another build than the one this page came from. */
export const outdated = shallowRef(false)
/** The site's id and the server's version; null before the first contact. */
export const site = shallowRef<string | null>(null)
export const version = shallowRef<string | null>(null)
/** Grows with every batch of changes that was applied. */
export const changeCount = shallowRef(0)

/** The devices, which every page needs; the links and their ends, for those that `start` it. */
export const deviceFeed = new LiveList({ load: loadDevices, apply: applyToDevices })
export const linkFeed = new LiveList({ load: loadLinks, apply: applyLinkChanges })
const feeds = [deviceFeed, linkFeed]

/** Whether the devices are there. */
export const listState = deviceFeed.state

const facts: ConnectionFacts = initialFacts()
let reopenedAt = 0
/** Which run of the server the lists are from; null before the first contact. */
let run: string | null = null
let socket: LiveSocket | null = null

/** Starts the live list. Called once, for the life of the page. */
export function startFeed(): void {
  followPlannedWork()
  facts.downSince = Date.now()
  if (!navigator.onLine) facts.offlineSince = Date.now()
  const opened = openLive({
    admitted: askLogin,
    connected: () => {
      facts.connected = true
    },
    disconnected: () => {
      replacePresence([])
      facts.connected = false
      facts.heardAt = null
      facts.downSince ??= Date.now()
      tick()
    },
    snapshot: (snapshot) => {
      heard()
      const hasRestarted = run !== null && run !== snapshot.run
      // A server that was started again may have another mode.
      if (hasRestarted || session.value === null) void loadSession()
      run = snapshot.run
      outdated.value ||= version.value !== null && version.value !== snapshot.version
      site.value = snapshot.site
      version.value ??= snapshot.version
      // Their events do not count: any may have been missed.
      scheduleIncidents()
      scheduleMaintenance()
      for (const { tracker } of startedLists()) {
        if (hasRestarted) tracker.serverRestarted()
        else tracker.connected(snapshot.seq, Date.now())
      }
    },
    changes: (batch) => {
      heard()
      for (const { tracker } of startedLists()) tracker.batch(batch)
    },
    resync: (span) => {
      heard()
      scheduleIncidents()
      scheduleMaintenance()
      for (const { tracker } of startedLists()) tracker.resync(span)
    },
    incidents: ({ has_maintenance: hasMaintenance }) => {
      heard()
      scheduleIncidents()
      if (hasMaintenance) scheduleMaintenance()
    },
    presence: (users) => {
      heard()
      replacePresence(users)
    },
    heartbeat: (seq) => {
      heard()
      for (const { tracker } of startedLists()) tracker.heartbeat(seq, Date.now())
    },
  })

  function tick(): void {
    const now = Date.now()
    connection.value = connectionState(facts, now)
    if (connection.value === 'live') lastLiveAt.value = now
    for (const { tracker } of startedLists()) tracker.tick(now)
    const silent = facts.connected && now - (facts.heardAt ?? now) > SILENCE_MS_MAX
    if (silent && now - reopenedAt > SILENCE_MS_MAX) {
      reopenedAt = now
      opened.reopen()
    }
  }

  function heard(): void {
    facts.heardAt = Date.now()
    facts.wasHeard = true
    facts.downSince = null
    if (connection.value !== 'live') tick()
  }

  socket = opened
  watch(ownPresence, (own) => opened.present(own), { immediate: true })
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
  deviceFeed.start()
}

/** Drops the connection and makes a new one. */
export function reconnectNow(): void {
  socket?.reopen()
}

/** Follows the log of the server until the result is called. */
export function followLog(listener: LogListener): () => void {
  return socket?.followLog(listener) ?? (() => undefined)
}

function startedLists(): LiveList[] {
  return feeds.filter((feed) => feed.isStarted)
}

async function loadDevices(): Promise<number> {
  // They need not wait for a list of 100,000 devices.
  scheduleDerived()
  const list = await fetchDevices()
  replaceDevices(list.devices)
  void reloadInterfaces()
  scheduleDerived()
  changeCount.value += 1
  return list.seq
}

function applyToDevices(items: ChangeItem[]): void {
  applyDeviceChanges(items)
  applyInterfaceChanges(items)
  scheduleDerived()
  changeCount.value += 1
}

/** What the server derives from the whole network may have changed. */
function scheduleDerived(): void {
  scheduleProblems()
  scheduleOverrides()
}

function initialFacts(): ConnectionFacts {
  return { connected: false, wasHeard: false, heardAt: null, downSince: null, offlineSince: null }
}
