import { DEVICE_TYPES, STATUSES } from '../api/words'
import { DEFAULT_QUERY, type ListQuery, SORT_KEYS } from './deviceList'

/** What the page shows: filters, order and the open device. Lives in the URL's query. */
export interface View extends ListQuery {
  device: number | null
}

/** Parses a query; what it does not know, it leaves at the default. */
export function readView(search: string): View {
  const params = new URLSearchParams(search)
  const device = Number(params.get('device') ?? '')
  return {
    text: params.get('q') ?? '',
    type: oneOf(DEVICE_TYPES, params.get('type')) ?? '',
    status: oneOf(STATUSES, params.get('status')) ?? '',
    sort: oneOf(SORT_KEYS, params.get('sort')) ?? DEFAULT_QUERY.sort,
    descending: params.get('order') === 'desc',
    device: Number.isSafeInteger(device) && device > 0 ? device : null,
  }
}

export function writeView(state: View): string {
  const params = new URLSearchParams()
  if (state.text !== '') params.set('q', state.text)
  if (state.type !== '') params.set('type', state.type)
  if (state.status !== '') params.set('status', state.status)
  if (state.sort !== DEFAULT_QUERY.sort) params.set('sort', state.sort)
  if (state.descending) params.set('order', 'desc')
  if (state.device !== null) params.set('device', String(state.device))
  const text = params.toString()
  return text === '' ? '' : `?${text}`
}

function oneOf<T extends string>(known: readonly T[], value: string | null): T | null {
  return known.find((each) => each === value) ?? null
}
