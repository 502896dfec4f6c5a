import type { Device } from '../api/types'
import { fold } from './fold'

/** Folded once per device; a changed device is a new object. */
const names = new WeakMap<Device, string>()

/** The devices that match a text, best first: by id, then by the start of the name, then the rest. */
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
  let exact: Device | null = null
  for (const device of devices) {
    const at = foldedName(device).indexOf(query)
    if (device.id === id) exact = device
    else if (at === 0 && begin.length < max) begin.push(device)
    else if (at > 0 && within.length < max) within.push(device)
    if (begin.length >= max && (id === null || exact !== null)) break
  }
  return [...(exact === null ? [] : [exact]), ...begin, ...within].slice(0, max)
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
