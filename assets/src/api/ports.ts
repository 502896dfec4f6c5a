import { ApiError, readJson, request, TIMEOUT_MS } from './http'
import type { DevicePorts, NewCrossConnect, PortPair } from './types'

const PRECONDITION_FAILED = 412

/** The ports of a device: what is connected with each, and who is behind those of an OLT. */
export async function fetchDevicePorts(deviceId: number): Promise<DevicePorts> {
  return readJson(await request('GET', `api/devices/${deviceId}/ports`))
}

/** Joins ports of an ODF, NVT or HOP; a cross-connect that exists is confirmed. */
export async function addCrossConnects(deviceId: number, joins: readonly NewCrossConnect[]): Promise<void> {
  await request('POST', `api/devices/${deviceId}/cross-connects`, { cross_connects: joins })
}

/** Removes the cross-connect of two ports; refused if someone else has changed it meanwhile. */
export async function removeCrossConnect(deviceId: number, [a, b]: readonly [number, number]): Promise<void> {
  const path = `api/devices/${deviceId}/cross-connects`
  const response = await request('GET', path)
  const pairs = await readJson<PortPair[]>(response)
  const isSame = ({ a_interface_id: one, b_interface_id: other }: PortPair): boolean =>
    (one === a && other === b) || (one === b && other === a)
  if (!pairs.some(isSame)) {
    throw new ApiError(PRECONDITION_FAILED, 'Someone else has changed this cross-connect meanwhile. Nothing was changed.')
  }
  await request('DELETE', `${path}/${a}`, undefined, TIMEOUT_MS, response.headers.get('etag') ?? undefined)
}
