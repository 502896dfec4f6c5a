import { shallowRef, triggerRef } from 'vue'
import { fetchLinks, fetchPorts } from '../api/links'
import type { Interface, Link } from '../api/types'
import { type LinkEnd, linkEnds, linkName, type Port } from '../domain/linkEnds'
import type { LinkLists } from '../domain/linkList'
import type { ChangeItem } from '../live/types'
import { deviceNamesVersion, devices } from './devices'

/**
 * All links and ports by id, as on the server; triggered once per batch. Empty until
 * `linkFeed.start()` is called (live/feed.ts), because on a large site they take megabytes.
 */
export const links = shallowRef(new Map<number, Link>())
export const ports = shallowRef(new Map<number, Port>())

/** Grows whenever ports have changed. */
let portsVersion = 0

/** The lists as they are now. */
export function linkLists(): LinkLists {
  const namesVersion = deviceNamesVersion() + portsVersion
  return { links: links.value, ports: ports.value, devices: devices.value, namesVersion }
}

/** The ends of a link; null while a port of it is not known (yet). */
export function endsOf(link: Link): { a: LinkEnd; b: LinkEnd } | null {
  return linkEnds(link, linkLists())
}

/** A link by the names of its devices; by its id if it does not exist (any more). */
export function nameOfLink(id: number): string {
  const link = links.value.get(id)
  return link === undefined ? `Link ${id}` : linkName(link, linkLists())
}

/** Fetches both lists. The older of the two numbers counts: a change applied twice does no harm. */
export async function loadLinks(): Promise<number> {
  const [portList, linkList] = await Promise.all([fetchPorts(), fetchLinks()])
  portsVersion += 1
  ports.value = new Map(portList.rows.map((port) => [port.id, asPort(port)]))
  links.value = new Map(linkList.rows.map((link) => [link.id, link]))
  return Math.min(portList.seq, linkList.seq)
}

export function applyLinkChanges(items: ChangeItem[]): void {
  let touched = false
  for (const item of items) {
    if (item.kind === 'device') continue
    touched = true
    if (item.kind === 'interface') {
      portsVersion += 1
      put(ports.value, item.id, item.value && asPort(item.value))
    } else put(links.value, item.id, item.value)
  }
  if (!touched) return
  triggerRef(ports)
  triggerRef(links)
}

function asPort({ id, device_id, name }: Interface): Port {
  return { id, device_id, name }
}

function put<T>(map: Map<number, T>, id: number, value: T | null): void {
  if (value === null) map.delete(id)
  else map.set(id, value)
}
