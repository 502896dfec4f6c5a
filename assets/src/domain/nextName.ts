import type { Device } from '../api/types'
import { typeLabel } from './deviceTypes'

/** A free name in the manner of the names of that type: the highest number plus one. */
export function nextName(devices: Iterable<Device>, type: Device['device_type']): string {
  let stem = `${typeLabel(type).toUpperCase().replaceAll(' ', '-')}-`
  let width = 1
  let highest = 0
  for (const { name, device_type } of devices) {
    if (device_type !== type) continue
    const found = /^(.*?)(\d+)$/.exec(name)
    const number = Number(found?.[2] ?? 0)
    if (found === null || number < highest || !Number.isSafeInteger(number)) continue
    highest = number
    stem = found[1] ?? stem
    width = found[2]?.length ?? 1
  }
  return `${stem}${String(highest + 1).padStart(width, '0')}`
}
