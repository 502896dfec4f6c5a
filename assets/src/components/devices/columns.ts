import type { SortKey } from '../../domain/deviceList'
import type { Column } from '../list/columns'

export const COLUMNS: readonly (Column & { key: SortKey })[] = [
  { key: 'status', label: 'Status' },
  { key: 'name', label: 'Name' },
  { key: 'type', label: 'Type' },
  { key: 'container', label: 'Container' },
  { key: 'olt', label: 'OLT' },
  { key: 'pon', label: 'PON port' },
  { key: 'splitter', label: 'Splitter' },
  { key: 'serial', label: 'Serial' },
  { key: 'customer', label: 'Customer' },
  { key: 'override', label: 'Override' },
  { key: 'id', label: 'Id' },
  { key: 'updated', label: 'Updated', isDescendingFirst: true },
]
