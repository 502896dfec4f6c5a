/** The wire shapes this page uses. Units are the last part of a name. */

export const STATUSES = ['DOWN', 'DEGRADED', 'UP'] as const
export type Status = (typeof STATUSES)[number]
export type OverrideStatus = 'UP' | 'DOWN'

export const DEVICE_TYPES = [
  'BACKBONE_GATEWAY',
  'CORE_ROUTER',
  'EDGE_ROUTER',
  'OLT',
  'AON_SWITCH',
  'ONT',
  'BUSINESS_ONT',
  'AON_CPE',
  'POP',
  'CORE_SITE',
  'ODF',
  'NVT',
  'SPLITTER',
  'HOP',
] as const
export type DeviceType = (typeof DEVICE_TYPES)[number]

/** One element of `GET api/devices`; times are RFC 3339 with `Z`. */
export interface Device {
  id: number
  name: string
  device_type: DeviceType
  status: Status
  x: number
  y: number
  tx_power_dbm: number | null
  sensitivity_min_dbm: number | null
  insertion_loss_db: number | null
  parent_container_id: number | null
  status_override: Status | null
  override_reason: string | null
  effective_status: Status
  created_at: string
  updated_at: string
}

/** One element of `GET api/devices/{id}/interfaces`. */
export interface Interface {
  id: number
  name: string
  interface_type: string
  status: Status
  device_id: number
}

/** The answer to setting or clearing an override. */
export interface OverrideAnswer {
  message: string
  device: Partial<Device>
}

/** One fault of a 422 answer. */
export interface Fault {
  type: string
  loc: (string | number)[]
  msg: string
}
