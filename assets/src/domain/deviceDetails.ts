import type { Device } from '../api/types'
import { isSameValue } from './editConflicts'

/** What identifies a device and the customer behind it, as the server names it. */
export type Details = Pick<
  Device,
  | 'serial'
  | 'customer_reference'
  | 'customer_name'
  | 'phone'
  | 'address'
  | 'latitude'
  | 'longitude'
  | 'tags'
  | 'note'
>

/** A field of a form; `coordinates` stands for latitude and longitude. */
export type DetailKey = Exclude<keyof Details, 'latitude' | 'longitude'> | 'coordinates'

/** What is written in the fields. */
export type DetailTexts = Record<DetailKey, string>

export interface DetailField {
  key: DetailKey
  label: string
  lengthMax: number
  /** Empty for none. */
  hint: string
  /** Of a text with line breaks. */
  lines?: number
  isPhone?: true
}

/** The limits are the server's. */
export const DETAIL_FIELDS: readonly DetailField[] = [
  { key: 'serial', label: 'Serial number', lengthMax: 64, hint: '' },
  { key: 'customer_reference', label: 'Customer reference', lengthMax: 64, hint: '' },
  { key: 'customer_name', label: 'Customer', lengthMax: 128, hint: '' },
  { key: 'phone', label: 'Phone', lengthMax: 40, hint: '', isPhone: true },
  { key: 'address', label: 'Address', lengthMax: 255, hint: '', lines: 2 },
  { key: 'coordinates', label: 'Coordinates', lengthMax: 48, hint: 'Latitude, longitude, such as 52.5201, 13.4050.' },
  { key: 'tags', label: 'Tags', lengthMax: 655, hint: 'Separated by commas.' },
  { key: 'note', label: 'Note', lengthMax: 2000, hint: '', lines: 2 },
]

/** The fields of a device, or empty ones. */
export function detailTexts(device: Details | null): DetailTexts {
  const { latitude = null, longitude = null } = device ?? {}
  return {
    serial: device?.serial ?? '',
    customer_reference: device?.customer_reference ?? '',
    customer_name: device?.customer_name ?? '',
    phone: device?.phone ?? '',
    address: device?.address ?? '',
    coordinates: latitude == null || longitude == null ? '' : `${latitude}, ${longitude}`,
    tags: (device?.tags ?? []).join(', '),
    note: device?.note ?? '',
  }
}

/** The field that a value of the server is written in. */
export function detailKey(key: string): DetailKey | null {
  if (key === 'latitude' || key === 'longitude') return 'coordinates'
  return DETAIL_FIELDS.find((field) => field.key === key)?.key ?? null
}

/** What is written, as values; null where the coordinates cannot be read. */
export function detailValues(texts: DetailTexts): Details | null {
  const place = readCoordinates(texts.coordinates)
  if (place === undefined) return null
  const text = (key: DetailKey): string | null => texts[key].trim() || null
  return {
    serial: text('serial'),
    customer_reference: text('customer_reference'),
    customer_name: text('customer_name'),
    phone: text('phone'),
    address: text('address'),
    latitude: place?.[0] ?? null,
    longitude: place?.[1] ?? null,
    tags: [...new Set(texts.tags.split(/[,;]/).map((tag) => tag.trim()).filter((tag) => tag !== ''))],
    note: text('note'),
  }
}

/** The values that differ from those of a device; latitude and longitude go together. */
export function detailChanges(values: Details, was: Details): Partial<Details> {
  const changed = Object.entries(values).filter(([key, value]) => !isSameValue(value, was[key as keyof Details]))
  const changes: Partial<Details> = Object.fromEntries(changed)
  if ('latitude' in changes || 'longitude' in changes) {
    changes.latitude = values.latitude ?? null
    changes.longitude = values.longitude ?? null
  }
  return changes
}

/** Whether anything is known of the customer or the place: what is personal data. */
export function hasPersonalData(device: Details): boolean {
  const { customer_reference: reference, customer_name: name, phone, address, latitude, note } = device
  return [reference, name, phone, address, latitude, note].some((value) => value != null)
}

/** Latitude and longitude; null for an empty text, undefined for one that is neither. */
function readCoordinates(text: string): [number, number] | null | undefined {
  if (text.trim() === '') return null
  const parts = /^([+-]?\d+(?:\.\d+)?)\s*[,;\s]\s*([+-]?\d+(?:\.\d+)?)$/.exec(text.trim().replaceAll('\u2212', '-'))
  if (parts === null) return undefined
  const [latitude, longitude] = [Number(parts[1]), Number(parts[2])]
  return Math.abs(latitude) <= 90 && Math.abs(longitude) <= 180 ? [latitude, longitude] : undefined
}
