import { fetchAudit, postUndo, type UndoTarget } from '../api/audit'
import type { AuditRow } from '../api/types'
import { summarizeRow } from '../domain/audit'
import { undoneIds } from '../domain/undo'
import { askUndo } from './dialogs'
import { notify, type Undo } from './notices'
import { write } from './writes'

const BROWSER_KEY = 'unoc:browser'
/** Rows in which the last change of this browser is looked for. */
const ROWS_MAX = 200

/** A change that this page makes, with one request or several. */
export interface PageChange {
  /** For the requests of the change. */
  requestId: string
  /** Undoes all of it on the server. */
  undo: Undo
}

/** Begins the ids of this browser's requests, so that its own changes are found after a reload. */
const ownPrefix = `page-${browserId()}-`

/** Names a change before it is made, so that it can be undone. */
export function newChange(): PageChange {
  const requestId = `${ownPrefix}${randomText()}`
  return { requestId, undo: () => undoOnServer({ request_id: requestId }) }
}

/** Undoes a change on the server; returns what undoes that. */
export async function undoOnServer(target: UndoTarget): Promise<Undo> {
  const { requestId, undo } = newChange()
  await write(() => postUndo(target, requestId))
  return undo
}

/** Asks to undo the last change of this browser, also one from before a reload. */
export async function askUndoLast(): Promise<void> {
  const row = lastOwnChange(await fetchAudit(ROWS_MAX, null))
  if (row === null) notify('The last changes hold none of this browser that can be undone.')
  else await askUndo({ request_id: row.request_id }, describeAction(row))
}

/** What a row did, as a dialog names it: by the device that came or went, if it is one. */
export function describeAction(row: AuditRow): string {
  const names = row.changes.flatMap(({ kind, before, after }) =>
    kind === 'device' && (before === null || after === null) ? [(after ?? before)?.name ?? ''] : [],
  )
  const what = names.length === 1 ? names[0] : summarizeRow(row)
  return `${row.action.charAt(0).toUpperCase()}${row.action.slice(1)}: ${what}`
}

/** The last change of this browser that can be undone, of these rows, newest first. */
export function lastOwnChange(rows: readonly AuditRow[]): AuditRow | null {
  const undone = undoneIds(rows)
  const isLeft = ({ id, undo, undone_ids: ids }: AuditRow): boolean =>
    undo.is_possible && ids.length === 0 && !undone.has(id)
  return rows.find((row) => row.request_id.startsWith(ownPrefix) && isLeft(row)) ?? null
}

function browserId(): string {
  try {
    const kept = localStorage.getItem(BROWSER_KEY)
    if (kept !== null) return kept
    const made = randomText()
    localStorage.setItem(BROWSER_KEY, made)
    return made
  } catch {
    // The browser keeps nothing: changes are found until the page is left.
    return randomText()
  }
}

/** `crypto.randomUUID` needs HTTPS. */
function randomText(): string {
  return Array.from(crypto.getRandomValues(new Uint32Array(3)), (part) => part.toString(36)).join('')
}
