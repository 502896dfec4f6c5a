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

/** Why an undo is refused: the obstacles, or the only reason. */
export function undoObstacles({ body, detail }: { body: unknown; detail: string }): string[] {
  const sent = (body ?? {}) as { obstacles?: string[]; errors?: { detail: string; obstacles?: string[] }[] }
  const row = sent.errors?.[0]
  return sent.obstacles ?? row?.obstacles ?? [row?.detail ?? detail]
}
