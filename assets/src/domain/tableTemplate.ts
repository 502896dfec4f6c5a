/** Columns of an export that an import passes over: they are computed, or belong to the operation of the network. */
export const COLUMNS_PASSED_OVER: readonly string[] = [
  'effective_status',
  'status',
  'status_override',
  'override_reason',
  'status_since',
  'margin_db',
  'override_ends_at',
  'override_is_planned_work',
  'olt',
  'pon_port',
  'splitter',
  'splitter_port',
]

/** A table to fill in: the columns of the server's own table that an import reads. `heading`: its first line. */
export function tableTemplate(heading: string, separator: string): string {
  const columns = heading.replace(/^\uFEFF/, '').trim().split(separator)
  return `${columns.filter((column) => !COLUMNS_PASSED_OVER.includes(column)).join(separator)}\r\n`
}
