import { shallowReactive } from 'vue'

/** A short word about something that was done, with the way back where there is one. */
export interface Notice {
  id: number
  text: string
  tone: 'plain' | 'trouble'
  undo: Undo | null
}

/** Takes it back, and returns what is then to be said, if anything is; false: it failed, and has said so. */
export type Undo = () => Promise<string | false | void>

/** Long enough to read, reach for the mouse and decide. */
const SHOWN_MS = 10_000
/** The oldest goes: nobody reads a wall of them. */
const NOTICES_MAX = 4

export const notices = shallowReactive<Notice[]>([])
let lastId = 0

/** Says that something was done; `undo` takes it back. */
export function notify(text: string, undo: Undo | null = null): void {
  add({ text, undo, tone: 'plain' }, SHOWN_MS)
}

/** Says that something failed, where no form can say it. Stays until it is read. */
export function notifyError(text: string): void {
  add({ text, undo: null, tone: 'trouble' }, null)
}

/** What is odd about something that was done all the same, as the server says it. */
export function warn(warnings: readonly string[] | undefined): void {
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
