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

/** Columns of a table of devices that only an import reads. */
export const DEVICE_COLUMNS_READ: readonly string[] = ['connect_to', 'connect_to_port', 'length_km', 'medium']

/** A table to fill in: the columns of the server's own table that an import reads, and `more`. `heading`: its first line. */
export function tableTemplate(heading: string, separator: string, more: readonly string[] = []): string {
  const columns = heading.replace(/^\uFEFF/, '').trim().split(separator)
  const read = columns.filter((column) => !COLUMNS_PASSED_OVER.includes(column))
  return `${[...read, ...more].join(separator)}\r\n`
}
