import { shallowReactive, shallowRef } from 'vue'
import { updateDevice } from '../api/devices'
import { describeError } from '../api/http'
import type { Device } from '../api/types'
import { devices } from '../stores/devices'
import { notifyError } from '../stores/notices'
import { write } from '../stores/writes'
import { formatCounted } from '../utils/format'
import type { Point } from './model/treeLayout'

/** As many requests at once as browsers send to one server. */
const LANES = 6
/** Steps that can be taken back. */
const HISTORY_MAX = 50

/** Positions of one step, before and after, by device. */
export interface Move {
  text: string
  before: Map<number, Point>
  after: Map<number, Point>
}

/** Where devices stand whose new position is not yet in the list. They win over the list. */
export const pending = new Map<number, Point>()
/** Grows whenever positions change otherwise than by the live feed. */
export const placesChanged = shallowRef(0)
/** How far the saving of many positions has come; null when nothing is being saved. */
export const saving = shallowRef<{ done: number; total: number } | null>(null)

const undoable = shallowReactive<Move[]>([])
const redoable = shallowReactive<Move[]>([])
let isStopped = false

export const history = { undoable, redoable }

/** Moves devices: at once on the picture, then on the server. Whether all of it is saved. */
export async function move(step: Move): Promise<boolean> {
  undoable.push(step)
  if (undoable.length > HISTORY_MAX) undoable.shift()
  redoable.length = 0
  return save(step.after)
}

export async function undo(): Promise<boolean> {
  const step = undoable.pop()
  if (step === undefined) return false
  redoable.push(step)
  return save(step.before)
}

/** Undoes this step, not whatever came after it. */
export async function takeBack(step: Move): Promise<boolean> {
  if (undoable.at(-1) === step) return undo()
  notifyError(redoable.includes(step) ? 'It was undone already.' : 'Something was moved since.')
  return false
}

export async function redo(): Promise<void> {
  const step = redoable.pop()
  if (step === undefined) return
  undoable.push(step)
  await save(step.after)
}

/** Ends a long saving; what is saved stays saved. */
export function stopSaving(): void {
  isStopped = true
}

/** Forgets positions that the list has by now. */
export function settle(device: Device): void {
  const point = pending.get(device.id)
  if (point !== undefined && point.x === device.x && point.y === device.y) pending.delete(device.id)
}

async function save(places: Map<number, Point>): Promise<boolean> {
  for (const [id, point] of places) pending.set(id, point)
  placesChanged.value += 1
  const queue = [...places]
  const failed: number[] = []
  let reason = ''
  let done = 0
  isStopped = false
  if (queue.length > 1) saving.value = { done, total: queue.length }

  async function lane(): Promise<void> {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      const [id, { x, y }] = next
      if (isStopped) {
        failed.push(id)
        continue
      }
      try {
        const saved = await write(() => updateDevice(id, { x, y }))
        settle(saved.device)
      } catch (error) {
        // One refusal is enough to stop: the next thousand would say the same.
        reason ||= describeError(error)
        isStopped = true
        failed.push(id)
      }
      done += 1
      if (saving.value !== null) saving.value = { done, total: places.size }
    }
  }

  await Promise.all(Array.from({ length: LANES }, lane))
  saving.value = null
  for (const id of failed) if (pending.get(id) === places.get(id)) pending.delete(id)
  if (failed.length > 0) placesChanged.value += 1
  const still = failed.filter((id) => devices.value.has(id))
  if (reason !== '' && still.length > 0) {
    notifyError(`${formatCounted(still.length, 'position')} not saved: ${reason}`)
  }
  return failed.length === 0
}
