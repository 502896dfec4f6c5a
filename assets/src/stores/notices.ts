import { shallowReactive } from 'vue'
import { describeError } from '../api/http'

/** A short message about something that was done, with its undo if there is one. */
export interface Notice {
  id: number
  text: string
  tone: 'info' | 'error'
  change: UndoableChange | null
}

/** A change that was made in this window and can be undone: by its notice, and later by Ctrl K. */
export interface UndoableChange {
  /** What was done, as a sentence. */
  text: string
  /** When, in milliseconds. */
  at: number
  undo: Undo
}

/** Undoes it and returns the message to show, if any; false: it failed and has shown why. */
export type Undo = () => Promise<string | false | void>

/** Long enough to read, reach for the mouse and decide. */
const SHOWN_MS = 10_000
/** The oldest is removed: more would cover the page. */
const NOTICES_MAX = 4

/** Older changes are found on the Changes page. */
const UNDOABLE_MAX = 20

export const notices = shallowReactive<Notice[]>([])
/** The changes that can be undone, the latest first. */
export const undoableChanges = shallowReactive<UndoableChange[]>([])
let lastId = 0

/** Shows that something was done; `undo` reverts it, also after the notice has gone. */
export function notify(text: string, undo: Undo | null = null): void {
  const change = undo === null ? null : { text, at: Date.now(), undo }
  if (change !== null) {
    undoableChanges.unshift(change)
    undoableChanges.splice(UNDOABLE_MAX)
  }
  add({ text, change, tone: 'info' }, SHOWN_MS)
}

/** Undoes a change, and shows that, or why it could not be undone. */
export async function undoChange(change: UndoableChange): Promise<void> {
  const at = undoableChanges.indexOf(change)
  if (at < 0) return
  undoableChanges.splice(at, 1)
  const notice = notices.find((each) => each.change === change)
  if (notice !== undefined) dismiss(notice.id)
  try {
    const message = await change.undo()
    if (message !== false) notify(message ?? `Undone: ${change.text}`)
  } catch (error) {
    notifyError(`The change could not be undone: ${describeError(error)}`)
  }
}

/** Shows an error outside a form. Stays until it is dismissed. */
export function notifyError(text: string): void {
  add({ text, change: null, tone: 'error' }, null)
}

/** Shows the server's warnings about something that was done. */
export function notifyWarnings(warnings: readonly string[] | undefined): void {
  for (const warning of warnings ?? []) notifyError(`${warning}.`)
}

export function dismiss(id: number): void {
  const at = notices.findIndex((notice) => notice.id === id)
  if (at >= 0) notices.splice(at, 1)
}

function add(notice: Omit<Notice, 'id'>, shownMs: number | null): void {
  lastId += 1
  const id = lastId
  notices.push({ ...notice, id })
  if (notices.length > NOTICES_MAX) notices.shift()
  if (shownMs !== null) setTimeout(() => dismiss(id), shownMs)
}
