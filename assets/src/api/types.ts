import type { components } from './schema'

/** The wire shapes this page uses, from the server's OpenAPI document. */

type Schemas = components['schemas']

/**
 * An answer as it arrives. The document calls every nullable key optional, for requests may
 * leave it out; an answer holds them all.
 */
type Sent<T> = T extends (infer Each)[]
  ? Sent<Each>[]
  : T extends object
    ? { [Key in keyof T]-?: Sent<T[Key]> }
    : T

export type Device = Sent<Schemas['Device']>
export type DeviceType = Device['device_type']
export type Status = Device['effective_status']
/** What the override call takes; DEGRADED is for v2's older call alone. */
export type OverrideStatus = Exclude<Status, 'DEGRADED'>
export type OverrideAnswer = Sent<Schemas['DeviceMessage']>
export type Interface = Sent<Schemas['Interface']>
export type Signal = Sent<Schemas['Signal']>
export type OpticalPath = Sent<Schemas['OpticalPath']>
export type OpticalElement = Sent<Schemas['OpticalElement']>
export type UpstreamPath = Sent<Schemas['UpstreamPath']>
export type Problem = Sent<Schemas['Problem']>
export type Problems = Sent<Schemas['Problems']>
export type Simulation = Schemas['Simulation']
export type Simulated = Sent<Schemas['Simulated']>
export type Fault = Schemas['Fault']
