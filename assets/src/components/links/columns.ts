import type { LinkSortKey } from '../../domain/linkList'
import type { Column } from '../list/columns'

export const COLUMNS: readonly (Column & { key: LinkSortKey })[] = [
  { key: 'status', label: 'Status' },
  { key: 'a', label: 'From' },
  { key: 'b', label: 'To' },
  { key: 'medium', label: 'Medium' },
  { key: 'length', label: 'Length' },
  { key: 'loss', label: 'Loss', isDescendingFirst: true },
  { key: 'override', label: 'Override' },
  { key: 'id', label: 'Id' },
  { key: 'since', label: 'Since', isDescendingFirst: true },
]
