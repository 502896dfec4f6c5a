import { shallowReactive } from 'vue'
import { describeError } from '../api/http'

/** A short message about something that was done, with its undo if there is one. */
export interface Notice {
  id: number
  text: string
  tone: 'info' | 'error'
  undo: Undo | null
}

/** Undoes a change; returns what undoes that, if there is a way. */
export type Undo = () => Promise<Undo | void>

/** What is said of a change that was undone. */
const UNDONE = 'Undone: '

/** Long enough to read, reach for the mouse and decide. */
const SHOWN_MS = 10_000
/** The oldest is removed: more would cover the page. */
const NOTICES_MAX = 4

export const notices = shallowReactive<Notice[]>([])
let lastId = 0

/** Shows that something was done; `undo` reverts it. The Audit page undoes it after the notice has gone. */
export function notify(text: string, undo: Undo | null = null): void {
  add({ text, undo, tone: 'info' }, SHOWN_MS)
}

/** Undoes the change of a notice, and shows that, or why it could not be undone. */
export async function undoNotice({ id, text, undo }: Notice): Promise<void> {
  if (undo === null || !notices.some((notice) => notice.id === id)) return
  dismiss(id)
  try {
    const redo = await undo()
    notify(text.startsWith(UNDONE) ? text.slice(UNDONE.length) : `${UNDONE}${text}`, redo ?? null)
  } catch (error) {
    notifyError(`The change was not undone: ${describeError(error)}`)
  }
}

/** Shows an error outside a form. Stays until it is dismissed. */
export function notifyError(text: string): void {
  add({ text, undo: null, tone: 'error' }, null)
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
