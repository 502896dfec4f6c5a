import type { DeviceToProvision, DeviceType, Medium, Signal } from '../api/types'
import { formatMeasure, parseNumber } from '../utils/format'
import { PASSIVE_TYPES } from './deviceTypes'
import { linkRule } from './linkRules'
import { PROVISIONING_RULES } from './provisioning'

/** What a new device is connected to, as it is entered. */
export interface NewConnection {
  /** Null connects it to nothing. */
  to: number | null
  /** Null for the next free port. */
  port: number | null
  /** In km. */
  length: string
  medium: Medium
}

export const NOT_CONNECTED: NewConnection = { to: null, port: null, length: '', medium: 'G652D' }

/** Whether a new device of a type has something to connect to. */
export function hasUpstream(type: DeviceType): boolean {
  return PROVISIONING_RULES[type].upstream.length > 0
}

/** Whether a new device of a type can be connected to one of another: its upstream, or a part on the way to it. */
export function canConnectTo(type: DeviceType, to: DeviceType): boolean {
  if (!hasUpstream(type) || linkRule(to, type) === null) return false
  return PROVISIONING_RULES[type].upstream.includes(to) || PASSIVE_TYPES.includes(to)
}

export function isWrongLength(length: string): boolean {
  const km = parseNumber(length)
  return km !== null && !(Number.isFinite(km) && km >= 0)
}

/** The keys of the request; none if the device is connected to nothing. */
export function connectionKeys(
  { to, port, length, medium }: NewConnection,
): Pick<DeviceToProvision, 'connect_to' | 'length_km' | 'medium'> {
  if (to === null) return {}
  const connect_to = { device_id: to, ...(port === null ? {} : { interface_id: port }) }
  return { connect_to, length_km: parseNumber(length), medium }
}

/** What was provisioned, as a sentence. */
export function provisionedNotice(name: string, to: string | null, signal: Signal | null): string {
  if (to === null) return `Provisioned ${name}.`
  const light = signal === null ? '' : `; ${formatMeasure(signal.rx_down_dbm, 'dBm')} are expected there`
  return `Provisioned ${name} and connected it to ${to}${light}.`
}
