import { shallowReactive, shallowRef } from 'vue'
import { updateDevice } from '../api/devices'
import { describeError } from '../api/http'
import type { Device } from '../api/types'
import { devices } from '../stores/devices'
import { notifyError, type Undo } from '../stores/notices'
import { newChange } from '../stores/undo'
import { write } from '../stores/writes'
import { formatCounted } from '../utils/format'
import type { Point } from './model/geometry'

/** Browsers send six requests to one server at a time (HTTP/1.1). */
const REQUESTS_MAX = 6
/** Older moves are undone on the Audit page. */
const UNDO_MAX = 50

/** Devices that are moved together. */
export interface Move {
  /** What is done, as in "Moved OLT-1". */
  text: string
  /** Their positions after it, by id. */
  after: Map<number, Point>
}

/** A move that the server has. */
export interface MadeMove {
  text: string
  undo: Undo
}

/** Positions that the list of devices does not have yet. They replace those of the list. */
export const unsavedPositions = new Map<number, Point>()
/** Grows when positions change here, not by the live feed. */
export const positionsVersion = shallowRef(0)
/** How many positions are saved of those being saved; null while none are. */
export const saveProgress = shallowRef<{ done: number; total: number } | null>(null)
/** The moves that can be undone, the last one at the end. */
export const undoableMoves = shallowReactive<MadeMove[]>([])

let isStopped = false

/** Moves devices, at once in the topology, then on the server. Null if not all of it was saved. */
export async function applyMove({ text, after }: Move): Promise<MadeMove | null> {
  const change = newChange()
  const made: MadeMove = {
    text,
    undo: () => {
      const at = undoableMoves.indexOf(made)
      if (at >= 0) undoableMoves.splice(at, 1)
      return change.undo()
    },
  }
  undoableMoves.push(made)
  if (undoableMoves.length > UNDO_MAX) undoableMoves.shift()
  return (await savePositions(after, change.requestId)) ? made : null
}

/** Undoes the last move. False if there is none, or if it was refused. */
export async function undoLastMove(): Promise<boolean> {
  try {
    return (await undoableMoves.at(-1)?.undo()) !== undefined
  } catch (error) {
    notifyError(`The move was not undone: ${describeError(error)}`)
    return false
  }
}

/** Stops saving; the positions already saved stay. */
export function stopSaving(): void {
  isStopped = true
}

/** Removes an unsaved position that this device has by now. */
export function confirmPosition(device: Device): void {
  const point = unsavedPositions.get(device.id)
  if (point !== undefined && point.x === device.x && point.y === device.y) {
    unsavedPositions.delete(device.id)
  }
}

async function savePositions(positions: Map<number, Point>, requestId: string): Promise<boolean> {
  for (const [id, point] of positions) unsavedPositions.set(id, point)
  positionsVersion.value += 1
  const queue = [...positions]
  const failed: number[] = []
  let reason = ''
  let done = 0
  isStopped = false
  if (queue.length > 1) saveProgress.value = { done, total: queue.length }

  async function saveNext(): Promise<void> {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      const [id, { x, y }] = next
      if (isStopped) {
        failed.push(id)
        continue
      }
      try {
        const saved = await write(() => updateDevice(id, { x, y }, requestId))
        confirmPosition(saved.device)
      } catch (error) {
        // The other positions would fail for the same reason.
        reason ||= describeError(error)
        isStopped = true
        failed.push(id)
      }
      done += 1
      if (saveProgress.value !== null) saveProgress.value = { done, total: positions.size }
    }
  }

  await Promise.all(Array.from({ length: REQUESTS_MAX }, saveNext))
  saveProgress.value = null
  for (const id of failed) {
    if (unsavedPositions.get(id) === positions.get(id)) unsavedPositions.delete(id)
  }
  if (failed.length > 0) positionsVersion.value += 1
  const remaining = failed.filter((id) => devices.value.has(id))
  if (reason !== '' && remaining.length > 0) {
    notifyError(`${formatCounted(remaining.length, 'position')} not saved: ${reason}`)
  }
  return failed.length === 0
}
