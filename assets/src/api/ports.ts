import { sendChecked } from './conditional'
import { ApiError, readJson, request } from './http'
import type { DevicePorts, NewCrossConnect, PortPair } from './types'

const PRECONDITION_FAILED = 412

/** Two ports of a device that are joined, or shall be, and the loss between them. */
export type Join = Required<Pick<NewCrossConnect, 'loss_db'>> & { a_interface_id: number; b_interface_id: number }

/** The ports of a device: what is connected with each, and who is behind those of an OLT. */
export async function fetchDevicePorts(deviceId: number): Promise<DevicePorts> {
  return readJson(await request('GET', `api/devices/${deviceId}/ports`))
}

/**
 * Joins free ports of an ODF, NVT or HOP, and returns the joins as they are recorded. Refused if someone else has
 * joined one of the ports meanwhile in another way.
 */
export async function addCrossConnects(deviceId: number, joins: readonly Join[], requestId?: string): Promise<Join[]> {
  return record(deviceId, joins, (there, join) => there.every((pair) => isSameJoin(pair, join)), requestId)
}

/** Records joins that were assumed. Refused if someone else has changed one of them meanwhile. */
export async function confirmCrossConnects(deviceId: number, joins: readonly Join[], requestId?: string): Promise<Join[]> {
  return record(deviceId, joins, isThere, requestId)
}

/** Removes a join; refused if someone else has changed it meanwhile. */
export async function removeCrossConnect(deviceId: number, join: Join, requestId?: string): Promise<void> {
  const path = pathOf(deviceId)
  await sendChecked<PortPair[]>(path, (pairs) => check(isThere(touching(pairs, join), join)), (ifMatch) =>
    request('DELETE', `${path}/${join.a_interface_id}`, undefined, { ifMatch, requestId }),
  )
}

/** Records joins if each may be, given those that touch one of its ports now. */
async function record(
  deviceId: number,
  joins: readonly Join[],
  mayBe: (there: PortPair[], join: Join) => boolean,
  requestId: string | undefined,
): Promise<Join[]> {
  const path = pathOf(deviceId)
  const answer = await sendChecked<PortPair[]>(
    path,
    (pairs) => check(joins.every((join) => mayBe(touching(pairs, join), join))),
    (ifMatch) => request('POST', path, { cross_connects: joins }, { ifMatch, requestId }),
  )
  const pairs = await readJson<PortPair[]>(answer)
  return joins.map((join) => touching(pairs, join)[0] ?? join)
}

function check(isUnchanged: boolean): void {
  if (isUnchanged) return
  throw new ApiError(PRECONDITION_FAILED, 'Someone else has changed these ports meanwhile. Nothing was changed.')
}

function isThere(there: PortPair[], join: Join): boolean {
  return there.length === 1 && there.every((pair) => isSameJoin(pair, join))
}

function touching(pairs: readonly PortPair[], join: Join): PortPair[] {
  const ends = endsOf(join)
  return pairs.filter((pair) => endsOf(pair).some((end) => ends.includes(end)))
}

function isSameJoin(one: Join, other: Join): boolean {
  return endsOf(one).every((end) => endsOf(other).includes(end)) && one.loss_db === other.loss_db
}

function endsOf({ a_interface_id: a, b_interface_id: b }: Join): [number, number] {
  return [a, b]
}

function pathOf(deviceId: number): string {
  return `api/devices/${deviceId}/cross-connects`
}
