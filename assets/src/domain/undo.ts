import type { AuditRow } from '../api/types'

/** The rows that were undone and are so still, as far as these rows, newest first, tell. */
export function undoneIds(rows: readonly AuditRow[]): Set<number> {
  const undone = new Set<number>()
  for (const { id, undone_ids: ids } of rows) {
    // An undo that was undone itself does not count.
    if (!undone.has(id)) for (const each of ids) undone.add(each)
  }
  return undone
}

/** What stands in the way of an undo, from the body of the answer that refused it; empty if it failed otherwise. */
export function undoObstacles(body: unknown): string[] {
  const sent = (body ?? {}) as { obstacles?: string[]; errors?: { obstacles?: string[] }[] }
  return sent.obstacles ?? sent.errors?.[0]?.obstacles ?? []
}
