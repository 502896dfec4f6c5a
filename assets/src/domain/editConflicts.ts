/** A field that this page and someone else have set to different values. */
export interface EditConflict {
  key: string
  before: unknown
  theirs: unknown
  mine: unknown
}

/** The fields of a patch that someone else has changed since `before`, to another value than the patch's. */
export function editConflicts(before: object, current: object, patch: object): EditConflict[] {
  const was = before as Record<string, unknown>
  const is = current as Record<string, unknown>
  const conflicts = Object.entries(patch).map(([key, mine]) => ({ key, before: was[key], theirs: is[key], mine }))
  return conflicts.filter(({ before, theirs, mine }) => theirs !== before && theirs !== mine)
}
