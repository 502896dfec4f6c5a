import type { SortKey } from '../../domain/deviceList'

/** Row and head of the table, in pixels: virtual scrolling computes with them. */
export const ROW_HEIGHT = 40
export const HEAD_HEIGHT = 40

export const COLUMNS: { key: SortKey; label: string }[] = [
  { key: 'status', label: 'Status' },
  { key: 'name', label: 'Name' },
  { key: 'type', label: 'Type' },
  { key: 'container', label: 'Container' },
  { key: 'override', label: 'Override' },
  { key: 'id', label: 'Id' },
  { key: 'updated', label: 'Updated' },
]
