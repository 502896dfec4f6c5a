import { readJson, request } from './http'
import type { CustomerHistory, DeviceAvailability } from './types'

/** How many customers had no service in the last hours. */
export async function fetchCustomerHistory(hours: number): Promise<CustomerHistory> {
  return readJson(await request('GET', `api/history/customers?hours=${hours}`))
}

/** How much of the last 30 days a device was in service, and its newest outages. */
export async function fetchAvailability(deviceId: number): Promise<DeviceAvailability> {
  return readJson(await request('GET', `api/devices/${deviceId}/availability`))
}
