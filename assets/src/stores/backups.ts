import { computed, shallowRef } from 'vue'
import {
  createBackup,
  discoverBackups,
  fetchBackups,
  fetchPruning,
  pruneBackups,
  restoreBackup,
  undoRestore,
  verifyBackup,
} from '../api/backups'
import { ApiError } from '../api/http'
import type { Backup, Pruning, Restore } from '../api/types'
import { poll } from '../composables/poll'
import { formatCopies } from '../domain/backups/labels'
import { formatBytes, formatCounted } from '../utils/format'
import { jobs, startJob } from './jobs'
import { notifyError, notify } from './notices'

const PAUSE_MS = 15_000
const PAUSE_MS_ACTIVE = 1_000
/** A server that makes no backups does so only after an update. */
const PAUSE_MS_NONE = 60_000

/** Requests of this page that the server has not answered. */
const pendingRequests = shallowRef(0)

/** The backups and the activity in progress; null from an older server. */
export const backups = poll(fetchBackups, (value) => {
  if (pendingRequests.value > 0 || value?.activity != null) return PAUSE_MS_ACTIVE
  return value === null ? PAUSE_MS_NONE : PAUSE_MS
})

/** Whether another action would be refused. Copying off the host blocks nothing. */
export const isBusy = computed(() => {
  const kind = backups.state.value.value?.activity?.kind
  return pendingRequests.value > 0 || (kind !== undefined && kind !== 'copy')
})

export async function backUpNow(): Promise<void> {
  reportBackup(await follow(createBackup), 'Backed up')
}

export async function verifyNow(id: string): Promise<void> {
  reportBackup(await follow(() => verifyBackup(id)), 'Verified')
}

/** Retries missing copies; the server answers when the job starts. */
export async function copyNow(): Promise<void> {
  await follow(() => startJob('copy'))
}

/** Lists off-host backups that this host does not know, for example after a host was replaced. */
export async function discoverNow(): Promise<void> {
  await backups.refresh()
  const known = new Set(backups.state.value.value?.backups.map(({ id }) => id))
  const found = await follow(discoverBackups)
  backups.put(found)
  const count = found.backups.filter(({ id }) => !known.has(id)).length
  notify(
    count === 0
      ? 'No new backups were found off the host.'
      : `Found ${formatCounted(count, 'backup')} off the host.`,
  )
}

/** Restores the site. Also notifies, because the dialog may have been closed meanwhile. */
export async function restoreNow(id: string): Promise<Restore> {
  const restored = await follow(() => restoreBackup(id))
  notify(`The site is restored from ${id}.`)
  return restored
}

export async function undoNow(): Promise<Restore> {
  const restored = await follow(undoRestore)
  notify('The previous state was restored.')
  return restored
}

export async function previewPruning(): Promise<Pruning> {
  return fetchPruning()
}

export async function pruneNow(): Promise<void> {
  const { remove, stay, bytes_freed: freed } = await follow(pruneBackups)
  const [first] = stay
  if (first !== undefined) {
    notifyError(`${formatCopies(stay.length)} off the host could not be removed: ${first.reason}`)
    return
  }
  notify(
    remove.length === 0
      ? 'Nothing to remove: the retention rules keep every backup.'
      : `Removed ${formatCounted(remove.length, 'backup')} and freed ${formatBytes(freed)}.`,
  )
}

/** Sends a request and polls its progress meanwhile. */
async function follow<T>(send: () => Promise<T>): Promise<T> {
  pendingRequests.value += 1
  try {
    // Not by `write()`: 507 means no room for a backup here, not a read-only server.
    const answer = send()
    void backups.refresh()
    return await answer
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 0) throw error
    throw new ApiError(0, `${error.detail} The result is shown here when the server is back.`)
  } finally {
    pendingRequests.value -= 1
    void backups.refresh()
    void jobs.refresh()
  }
}

function reportBackup({ id, bytes, state, verification, copies }: Backup, did: string): void {
  const missing = copies.find((copy) => copy.state === 'failed')
  if (state === 'bad') {
    notifyError(`${id} failed its verification: ${verification?.message ?? 'no reason was given.'}`)
  } else if (verification?.postgres_result === 'failed') {
    notifyError(`${id} could not be verified in PostgreSQL: ${verification.message}`)
  } else if (state === 'verified' && missing !== undefined) {
    notifyError(`${did}: ${id}, but its copy at ${missing.target} failed: ${missing.message ?? 'no reason was given.'}`)
  } else if (state === 'verified') {
    notify(`${did}: ${id}, ${formatBytes(bytes)}.`)
  } else {
    notify(`${id} was written (${formatBytes(bytes)}), but is not verified yet.`)
  }
}
