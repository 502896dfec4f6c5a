import { deleteUnlessChanged, patchUnlessChanged } from './conditional'
import { readJson, request } from './http'
import type {
  Device,
  DevicePatch,
  DeviceToProvision,
  ErasedPersonalData,
  Interface,
  OpticalPath,
  OverrideAnswer,
  Provisioned,
  UpstreamPath,
} from './types'

/** All devices, and the sequence number that the list is current to. */
export interface DeviceList {
  seq: number
  devices: Device[]
}

export async function fetchDevices(): Promise<DeviceList> {
  const response = await request('GET', 'api/devices')
  const seq = Number(response.headers.get('x-unoc-seq') ?? 0)
  return { seq, devices: await readJson<Device[]>(response) }
}

/** The first devices only. */
export async function fetchDevicePage(limit: number): Promise<DeviceList> {
  const response = await request('GET', `api/devices?limit=${limit}`)
  const seq = Number(response.headers.get('x-unoc-seq') ?? 0)
  return { seq, devices: await readJson<Device[]>(response) }
}

export async function fetchInterfaces(deviceId: number): Promise<Interface[]> {
  return readJson(await request('GET', `api/devices/${deviceId}/interfaces`))
}

/** From the OLT to this ONT. */
export async function fetchOpticalPath(deviceId: number): Promise<OpticalPath> {
  return readJson(await request('GET', `api/devices/${deviceId}/optical-path`))
}

/** From this device to the backbone. */
export async function fetchUpstreamPath(deviceId: number): Promise<UpstreamPath> {
  return readJson(await request('GET', `api/devices/${deviceId}/path`))
}

/** Provisions a device with its ports, and its link if it is connected. */
export async function provisionDevice(body: DeviceToProvision, requestId?: string): Promise<Provisioned> {
  return readJson(await request('POST', 'api/devices/provision', body, { requestId }))
}

export async function updateDevice(deviceId: number, patch: DevicePatch, requestId?: string): Promise<OverrideAnswer> {
  return readJson(await request('PATCH', `api/devices/${deviceId}`, patch, { requestId }))
}

/** As `updateDevice`; throws `EditConflictError` if someone else has changed the same values since `before`. */
export async function editDevice(before: Device, patch: DevicePatch, requestId?: string): Promise<OverrideAnswer> {
  return patchUnlessChanged(`api/devices/${before.id}`, before, patch, requestId)
}

/** Deletes a device with its ports and links; throws `EditConflictError` if someone else has changed it since `before`. */
export async function deleteDevice(before: Device, requestId?: string): Promise<void> {
  await deleteUnlessChanged(`api/devices/${before.id}`, before, requestId)
}

/** Removes customer, phone, address, coordinates, reference and note, for good. */
export async function erasePersonalData(ids: readonly number[]): Promise<ErasedPersonalData> {
  return readJson(await request('POST', 'api/devices/erase-personal-data', { ids }))
}

/** Replaces everything by the demo network. */
export async function seedDemoNetwork(): Promise<void> {
  await request('POST', 'api/seed')
}
