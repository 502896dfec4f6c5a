import type { Medium } from '../api/types'
import { parseCause } from '../domain/behindLink'
import { DEVICE_TYPES } from '../domain/deviceTypes'
import { STATES } from '../domain/states'
import { DEFAULT_QUERY, type ListQuery, SORT_KEYS, type SortKey } from '../domain/deviceList'
import { LINK_SORT_KEYS, type LinkSortKey } from '../domain/linkList'
import { MEDIA } from '../domain/media'

/** The columns that a list of devices or links can be sorted by. */
export type ViewSortKey = SortKey | LinkSortKey

/** What the page shows: filters, order and the chosen device or link. Lives in the URL's query. */
export interface View extends Omit<ListQuery, 'sort'> {
  sort: ViewSortKey
  /** Only links of this medium; an empty string means any. */
  medium: Medium | ''
  /** What the panel shows: a device, a link, or neither; never both. */
  device: number | null
  link: number | null
}

const KEYS = [
  'q', 'type', 'status', 'in', 'olt', 'pon', 'splitter', 'medium', 'overridden', 'joins', 'behind', 'sort', 'order',
  'device', 'link',
]
const VIEW_SORT_KEYS: readonly ViewSortKey[] = [...SORT_KEYS, ...LINK_SORT_KEYS]
const MEDIUM_KEYS = Object.keys(MEDIA) as Medium[]

/** Parses a query; what it does not know, it leaves at the default. */
export function readView(search: string): View {
  const params = new URLSearchParams(search)
  const device = idOf(params.get('device'))
  return {
    text: params.get('q') ?? '',
    type: oneOf(DEVICE_TYPES, params.get('type')) ?? '',
    status: oneOf(STATES, params.get('status')) ?? '',
    container: idOf(params.get('in')),
    olt: idOf(params.get('olt')),
    pon: idOf(params.get('pon')),
    splitter: idOf(params.get('splitter')),
    medium: oneOf(MEDIUM_KEYS, params.get('medium')) ?? '',
    overridden: params.get('overridden') === 'yes',
    uncertain: params.get('joins') === 'uncertain',
    behind: parseCause(params.get('behind') ?? '') === null ? '' : (params.get('behind') ?? ''),
    sort: oneOf(VIEW_SORT_KEYS, params.get('sort')) ?? DEFAULT_QUERY.sort,
    descending: params.get('order') === 'desc',
    device,
    link: device === null ? idOf(params.get('link')) : null,
  }
}

export function writeView(state: View): string {
  return mergeView('', state)
}

/** The query with the view in it; keys of other owners (the map's, a page's) stay. */
export function mergeView(search: string, state: View): string {
  const params = new URLSearchParams(search)
  for (const key of KEYS) params.delete(key)
  if (state.text !== '') params.set('q', state.text)
  if (state.type !== '') params.set('type', state.type)
  if (state.status !== '') params.set('status', state.status)
  if (state.container !== null) params.set('in', String(state.container))
  if (state.olt !== null) params.set('olt', String(state.olt))
  if (state.pon !== null) params.set('pon', String(state.pon))
  if (state.splitter !== null) params.set('splitter', String(state.splitter))
  if (state.medium !== '') params.set('medium', state.medium)
  if (state.overridden) params.set('overridden', 'yes')
  if (state.uncertain) params.set('joins', 'uncertain')
  if (state.behind !== '') params.set('behind', state.behind)
  if (state.sort !== DEFAULT_QUERY.sort) params.set('sort', state.sort)
  if (state.descending) params.set('order', 'desc')
  if (state.device !== null) params.set('device', String(state.device))
  else if (state.link !== null) params.set('link', String(state.link))
  const text = params.toString()
  return text === '' ? '' : `?${text}`
}

function idOf(text: string | null): number | null {
  const id = Number(text ?? '')
  return Number.isSafeInteger(id) && id > 0 ? id : null
}

function oneOf<T extends string>(known: readonly T[], value: string | null): T | null {
  return known.find((each) => each === value) ?? null
}
