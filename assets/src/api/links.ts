import { patchUnlessChanged } from './conditional'
import { readJson, request } from './http'
import type { Connected, ConnectDevices, FiberType, Interface, Link, LinkPatch } from './types'

/** A whole list, and the sequence number that it is current to. */
export interface Listed<T> {
  seq: number
  rows: T[]
}

export async function fetchList<T>(path: string): Promise<Listed<T>> {
  const response = await request('GET', path)
  const seq = Number(response.headers.get('x-unoc-seq') ?? 0)
  return { seq, rows: await readJson<T[]>(response) }
}

export async function fetchLinks(): Promise<Listed<Link>> {
  return fetchList('api/links')
}

/** The interfaces of all devices. */
export async function fetchPorts(): Promise<Listed<Interface>> {
  return fetchList('api/interfaces')
}

/** Creates a port on each device and links them. */
export async function connectDevices(body: ConnectDevices): Promise<Connected> {
  return readJson(await request('POST', 'api/links/create-simple', body))
}

export async function updateLink(linkId: number, patch: LinkPatch): Promise<void> {
  await request('PATCH', `api/links/${linkId}`, patch)
}

/** As `updateLink`; throws `EditConflictError` if someone else has changed the same values since `before`. */
export async function editLink(before: Link, patch: LinkPatch): Promise<void> {
  await patchUnlessChanged(`api/links/${before.id}`, before, patch)
}

export async function deleteLink(linkId: number): Promise<void> {
  await request('DELETE', `api/links/${linkId}`)
}

export async function clearLinkOverride(linkId: number): Promise<void> {
  await request('DELETE', `api/links/${linkId}/override`)
}

export async function fetchFiberTypes(): Promise<FiberType[]> {
  return readJson(await request('GET', 'api/optical/fiber-types'))
}
