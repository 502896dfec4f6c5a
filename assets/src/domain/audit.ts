import type { UndoTarget } from '../api/audit'
import type { AuditChange, AuditRow, Device } from '../api/types'
import { formatCounted } from '../utils/format'
import { summarizeDetails } from './auditEvent'
import { typeLabel } from './deviceTypes'

/** What happened to one entity, as text. */
export interface EntityChange {
  key: string
  kind: AuditChange['kind']
  id: number
  what: string
  /** It does not exist after the change. */
  isRemoved: boolean
  /** Changed values, key by key. */
  fields: { key: string; before: string; after: string }[]
}

/** Fields that follow from others or only carry a time. */
const HIDDEN_FIELDS = new Set(['updated_at', 'created_at', 'status_since', 'id', 'signal', 'status_reasons', 'served_by'])

/** The changes of a row: those that a person made first, then those that follow from them. */
export function describeRow(row: AuditRow): EntityChange[] {
  return row.changes.map(describeChange)
}

export function describeChange(change: AuditChange): EntityChange {
  const { kind, id, before, after } = change
  const image = after ?? before
  const name = image !== null && 'name' in image ? image.name : `${kind} ${id}`
  const noun = kind === 'device' ? typeLabel((image as Device).device_type) : capital(kind)
  const verb = before === null ? 'added' : after === null ? 'removed' : 'changed'
  return {
    key: `${kind} ${id}`,
    kind,
    id,
    what: kind === 'link' ? `Link ${id} ${verb}` : `${noun} ${name} ${verb}`,
    isRemoved: after === null,
    fields: before === null || after === null ? [] : differences(before, after),
  }
}

/** Whether a change touches a link, or a device or one of its ports. */
export function affects(change: AuditChange, kind: 'device' | 'link', id: number): boolean {
  if (change.kind === kind) return change.id === id
  if (change.kind !== 'interface' || kind !== 'device') return false
  return (change.after ?? change.before)?.device_id === id
}

/** One line of the Audit page: a row, or the rows of devices that were moved together. */
export interface AuditLine {
  /** Stays the same while the line is shown, even if rows join it at either end. */
  key: number
  /** Of the rows in it, newest first. */
  ids: number[]
  row: AuditRow
  /** How many requests it took. */
  requests: number
  /** What an undo of the line undoes; null where its requests have different ids. */
  undoTarget: UndoTarget | null
  /** More of it may be among the rows that are not loaded. */
  isCut: boolean
}

/** The page saves a drag or an undo device by device, a few at once. */
const MOVE_PAUSE_MS_MAX = 2_000

/**
 * Groups rows, newest first, into lines: moves in quick succession by one actor become one line.
 * `before`: the lines shown until now; `isAll`: there are no older rows.
 */
export function groupRows(rows: readonly AuditRow[], before: readonly AuditLine[] = [], isAll = true): AuditLine[] {
  const keys = new Map(before.flatMap(({ key, ids }) => ids.map((id) => [id, key] as const)))
  const lines: AuditLine[] = []
  let oldest: AuditRow | null = null
  for (const row of rows) {
    const line = lines.at(-1)
    if (line !== undefined && oldest !== null && isMove(row) && isMove(oldest) && isContinued(oldest, row)) {
      line.ids.push(row.id)
      line.requests += 1
      const isOne = row.request_id !== '' && row.request_id === line.row.request_id
      line.undoTarget = isOne && line.undoTarget !== null ? { request_id: row.request_id } : null
      line.row = {
        ...line.row,
        action: 'move devices',
        changes: [...line.row.changes, ...row.changes],
        change_count: line.row.change_count + row.change_count,
      }
    } else lines.push({ key: row.id, ids: [row.id], row, requests: 1, undoTarget: { audit_id: row.id }, isCut: false })
    oldest = row
  }
  for (const line of lines) line.key = line.ids.map((id) => keys.get(id)).find((key) => key !== undefined) ?? line.key
  const last = lines.at(-1)
  if (last !== undefined) last.isCut = !isAll && last.requests > 1
  return lines
}

function isContinued(newer: AuditRow, older: AuditRow): boolean {
  const pause = Date.parse(newer.at) - Date.parse(older.at)
  return newer.actor === older.actor && pause <= MOVE_PAUSE_MS_MAX
}

/** Whether only positions of devices changed. */
function isMove({ changes, change_count: count }: AuditRow): boolean {
  return (
    changes.length > 0 &&
    changes.length === count &&
    changes.every((change) => {
      if (change.kind !== 'device' || change.before === null || change.after === null) return false
      const keys = differences(change.before, change.after).map(({ key }) => key)
      return keys.length > 0 && keys.every((key) => key === 'x' || key === 'y')
    })
  )
}

/** A row in one line. */
export function summarizeRow(row: AuditRow, isCut = false): string {
  if (row.change_count === 0 && row.details != null) return summarizeDetails(row.details)
  if (row.action === 'move devices') {
    const count = formatCounted(new Set(row.changes.map(({ id }) => id)).size, 'device')
    return isCut ? `at least ${count}` : count
  }
  const first = row.changes.find(({ kind }) => kind === 'device') ?? row.changes[0]
  const image = first === undefined ? null : (first.after ?? first.before)
  if (image !== null && 'name' in image && row.change_count < 40) return image.name
  return formatCounted(row.change_count, 'entity')
}

function differences(before: object, after: object): EntityChange['fields'] {
  const old = new Map<string, unknown>(Object.entries(before))
  const now = new Map<string, unknown>(Object.entries(after))
  // What is not recorded is absent.
  return [...new Set([...now.keys(), ...old.keys()])].flatMap((key) => {
    const [was, is] = [old.get(key) ?? null, now.get(key) ?? null]
    if (HIDDEN_FIELDS.has(key) || JSON.stringify(is) === JSON.stringify(was)) return []
    return [{ key, before: formatValue(was), after: formatValue(is) }]
  })
}

function formatValue(value: unknown): string {
  if (value === null || value === undefined) return 'none'
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}
