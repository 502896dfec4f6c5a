import type { Device } from '../api/types'
import { fold } from './fold'

/** Folded once per device; a changed device is a new object. */
const names = new WeakMap<Device, string>()
const details = new WeakMap<Device, string>()

/** The devices that match a text, best first: by id, then by the start of the name, the name, the details. */
export function findDevices(
  devices: Iterable<Device>,
  text: string,
  max: number,
): readonly Device[] {
  const query = fold(text.trim())
  if (query === '') return []
  const id = /^#?\d+$/.test(query) ? Number(query.replace('#', '')) : null
  const begin: Device[] = []
  const within: Device[] = []
  const known: Device[] = []
  const detail = detailQuery(query)
  let exact: Device | null = null
  for (const device of devices) {
    const at = foldedName(device).indexOf(query)
    if (device.id === id) exact = device
    else if (at === 0 && begin.length < max) begin.push(device)
    else if (at > 0 && within.length < max) within.push(device)
    else if (at < 0 && known.length < max && foldedDetails(device).includes(detail)) known.push(device)
    if (begin.length >= max && (id === null || exact !== null)) break
  }
  return [...(exact === null ? [] : [exact]), ...begin, ...within, ...known].slice(0, max)
}

/** The name of a device, folded for comparison. */
export function foldedName(device: Device): string {
  let name = names.get(device)
  if (name === undefined) {
    name = fold(device.name)
    names.set(device, name)
  }
  return name
}

/** Serial, customer, phone (also its digits alone) and address of a device, folded, one per line. */
export function foldedDetails(device: Device): string {
  const { serial, customer_reference: reference, customer_name: name, phone, address } = device
  if ((serial ?? reference ?? name ?? phone ?? address) == null) return ''
  let text = details.get(device)
  if (text === undefined) {
    const digits = phone?.replace(/\D/g, '') ?? ''
    text = fold([serial, reference, name, phone, digits, address].filter((each) => each != null).join('\n'))
    details.set(device, text)
  }
  return text
}

/** A text to find in `foldedDetails`: a GPON serial of 16 digits is stored in 12 characters. */
export function detailQuery(folded: string): string {
  if (!/^[0-9a-f]{16}$/.test(folded)) return folded
  const vendor = folded.slice(0, 8).replace(/../g, (pair) => String.fromCharCode(Number.parseInt(pair, 16)))
  return /^[a-z]{4}$/i.test(vendor) ? vendor.toLowerCase() + folded.slice(8) : folded
}

/** The detail of a device in which a text was found; null when that is the name or the id. */
export function detailFound(device: Device, text: string): string | null {
  const query = detailQuery(fold(text.trim()))
  if (query === '' || foldedName(device).includes(query)) return null
  const { serial, customer_reference: reference, customer_name: name, phone, address } = device
  const found = [name, address, reference, serial].find((each) => each != null && fold(each).includes(query))
  return found ?? (foldedDetails(device).includes(query) ? phone : null) ?? null
}
