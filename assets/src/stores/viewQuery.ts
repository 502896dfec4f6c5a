import { DEVICE_TYPES } from '../domain/deviceTypes'
import { STATUSES } from '../domain/statuses'
import { DEFAULT_QUERY, type ListQuery, SORT_KEYS } from '../domain/deviceList'

/** What the page shows: filters, order and the chosen device. Lives in the URL's query. */
export interface View extends ListQuery {
  device: number | null
}

const KEYS = ['q', 'type', 'status', 'in', 'overridden', 'sort', 'order', 'device']

/** Parses a query; what it does not know, it leaves at the default. */
export function readView(search: string): View {
  const params = new URLSearchParams(search)
  return {
    text: params.get('q') ?? '',
    type: oneOf(DEVICE_TYPES, params.get('type')) ?? '',
    status: oneOf(STATUSES, params.get('status')) ?? '',
    container: idOf(params.get('in')),
    overridden: params.get('overridden') === 'yes',
    sort: oneOf(SORT_KEYS, params.get('sort')) ?? DEFAULT_QUERY.sort,
    descending: params.get('order') === 'desc',
    device: idOf(params.get('device')),
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
  if (state.overridden) params.set('overridden', 'yes')
  if (state.sort !== DEFAULT_QUERY.sort) params.set('sort', state.sort)
  if (state.descending) params.set('order', 'desc')
  if (state.device !== null) params.set('device', String(state.device))
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
