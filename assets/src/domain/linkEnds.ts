import type { Device, DeviceType, Interface, Link } from '../api/types'

/** A port as a link's end needs it. */
export type Port = Pick<Interface, 'id' | 'device_id' | 'name'>

/** What the ends of links are looked up in. */
export interface EndLists {
  ports: ReadonlyMap<number, Port>
  devices: ReadonlyMap<number, Device>
}

/** One end of a link. `device` is null while it is not known (yet). */
export interface LinkEnd {
  deviceId: number
  device: Device | null
  /** Of the device, or its id. */
  name: string
  type: DeviceType | null
  port: string
}

/** Both ends of a link; null while a port of it is not known (yet). */
export function linkEnds(link: Link, lists: EndLists): { a: LinkEnd; b: LinkEnd } | null {
  const [a, b] = [link.a_interface_id, link.b_interface_id].map((id) => lists.ports.get(id))
  if (a === undefined || b === undefined) return null
  return { a: endAt(a, lists), b: endAt(b, lists) }
}

/** A link by the names of its devices, as in `OLT-1 – ODF-1`. */
export function linkName(link: Link, lists: EndLists): string {
  const ends = linkEnds(link, lists)
  return ends === null ? `Link ${link.id}` : `${ends.a.name} – ${ends.b.name}`
}

function endAt(port: Port, { devices }: EndLists): LinkEnd {
  const device = devices.get(port.device_id) ?? null
  return {
    deviceId: port.device_id,
    device,
    name: device?.name ?? `#${port.device_id}`,
    type: device?.device_type ?? null,
    port: port.name,
  }
}
