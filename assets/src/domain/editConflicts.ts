/** A field that this page and someone else have set to different values. */
export interface EditConflict {
  key: string
  before: unknown
  theirs: unknown
  mine: unknown
}

/** What this page makes of every field of something that it deletes. */
export const DELETED = Symbol('deleted')

/** The fields that a person sets, of a device or of a link; either has none of the other's. */
const SET_FIELDS = [
  'name',
  'parent_container_id',
  'pon_class',
  'tx_power_dbm',
  'sensitivity_min_dbm',
  'insertion_loss_db',
  'split_ratio',
  'lifecycle',
  'serial',
  'customer_reference',
  'customer_name',
  'phone',
  'address',
  'latitude',
  'longitude',
  'tags',
  'note',
  'length_km',
  'physical_medium_id',
  'status_override',
  'override_reason',
  'override_ends_at',
  'override_is_planned_work',
]

/** The patch that stands for the deletion of a device or link: any field that a person has set conflicts. */
export const DELETION_PATCH: Readonly<Record<string, typeof DELETED>> = Object.fromEntries(
  SET_FIELDS.map((key) => [key, DELETED]),
)

/** The fields of a patch that someone else has changed since `before`, to another value than the patch's. */
export function editConflicts(before: object, current: object, patch: object): EditConflict[] {
  const was = before as Record<string, unknown>
  const is = current as Record<string, unknown>
  const conflicts = Object.entries(patch).map(([key, mine]) => ({ key, before: was[key], theirs: is[key], mine }))
  return conflicts.filter(({ before, theirs, mine }) => !isSameValue(theirs, before) && !isSameValue(theirs, mine))
}

/** Whether two values of JSON are equal. Absent is null; the tags of a device are a set. */
export function isSameValue(one: unknown, other: unknown): boolean {
  if (!Array.isArray(one) || !Array.isArray(other)) return (one ?? null) === (other ?? null)
  return JSON.stringify([...one].sort()) === JSON.stringify([...other].sort())
}

/** A device or link as this page knew it, with the other person's values. */
export function withTheirs<T extends object>(before: T, conflicts: readonly EditConflict[]): T {
  return { ...before, ...Object.fromEntries(conflicts.map(({ key, theirs }) => [key, theirs])) }
}
