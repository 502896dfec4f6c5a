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
/** A server that makes no backups starts with none by itself. */
const PAUSE_MS_NONE = 60_000

/** Calls of this page that the server has not answered. */
const waiting = shallowRef(0)

/** The backups and what the appliance does with them now; null from an older server. */
export const backups = poll(fetchBackups, (value) => {
  if (waiting.value > 0 || value?.activity != null) return PAUSE_MS_ACTIVE
  return value === null ? PAUSE_MS_NONE : PAUSE_MS
})

/** Another action would be refused. Copying off the host runs beside everything. */
export const isBusy = computed(() => {
  const kind = backups.state.value.value?.activity?.kind
  return waiting.value > 0 || (kind !== undefined && kind !== 'copy')
})

export async function backUpNow(): Promise<void> {
  tell(await follow(createBackup), 'Backed up')
}

export async function verifyNow(id: string): Promise<void> {
  tell(await follow(() => verifyBackup(id)), 'Restored fully and compared')
}

/** Tries the copies that are missing; the job answers at its start. */
export async function copyNow(): Promise<void> {
  await follow(() => startJob('copy'))
}

/** Lists what lies off the host and is not known here, as after the loss of a host. */
export async function discoverNow(): Promise<void> {
  await backups.refresh()
  const known = new Set(backups.state.value.value?.backups.map(({ id }) => id))
  const found = await follow(discoverBackups)
  backups.put(found)
  const count = found.backups.filter(({ id }) => !known.has(id)).length
  notify(
    count === 0
      ? 'All off-host backups are listed already.'
      : `Found ${formatCounted(count, 'backup')} off the host.`,
  )
}

/** Puts the site back. Said here too, for the dialog that asked may be closed meanwhile. */
export async function restoreNow(id: string): Promise<Restore> {
  const restored = await follow(() => restoreBackup(id))
  notify(`The site is restored from ${id}.`)
  return restored
}

export async function undoNow(): Promise<Restore> {
  const restored = await follow(undoRestore)
  notify('The previous state is back.')
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

/** Sends a change and keeps the page close to what the server does meanwhile. */
async function follow<T>(send: () => Promise<T>): Promise<T> {
  waiting.value += 1
  try {
    // Not by `write()`: 507 means no room for a backup here, not a read-only server.
    const answer = send()
    void backups.refresh()
    return await answer
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 0) throw error
    throw new ApiError(0, `${error.detail} Its outcome shows here once the server is back.`)
  } finally {
    waiting.value -= 1
    void backups.refresh()
    void jobs.refresh()
  }
}

function tell({ id, bytes, state, verification, copies }: Backup, did: string): void {
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
    notify(`${id} is written, ${formatBytes(bytes)}. It counts once it is verified.`)
  }
}
