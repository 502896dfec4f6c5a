import { deleteUnlessChanged, patchUnlessChanged } from './conditional'
import { readJson, request } from './http'
import type { Connected, ConnectDevices, FiberType, Interface, Link, LinkPatch, NewLink } from './types'

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
export async function connectDevices(body: ConnectDevices, requestId?: string): Promise<Connected> {
  return readJson(await request('POST', 'api/links/create-simple', body, { requestId }))
}

/** Links two ports. */
export async function createLink(body: NewLink, requestId?: string): Promise<Link> {
  return readJson(await request('POST', 'api/links', body, { requestId }))
}

/** Throws `EditConflictError` if someone else has changed the same values since `before`. */
export async function editLink(before: Link, patch: LinkPatch, requestId?: string): Promise<void> {
  await patchUnlessChanged(`api/links/${before.id}`, before, patch, requestId)
}

/** Throws `EditConflictError` if someone else has changed the link since `before`. */
export async function deleteLink(before: Link, requestId?: string): Promise<void> {
  await deleteUnlessChanged(`api/links/${before.id}`, before, requestId)
}

export async function fetchFiberTypes(): Promise<FiberType[]> {
  return readJson(await request('GET', 'api/optical/fiber-types'))
}
