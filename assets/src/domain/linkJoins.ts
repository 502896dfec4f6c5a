import type { ConnectDevices, NewLink, Port, Simulation } from '../api/types'
import type { TakenPort } from './takenPorts'

/** What the port of a new link is joined with at an ODF, NVT or HOP: as the server proposes, nothing, or a port. */
export type JoinChoice = 'proposed' | 'none' | number

/** One for each end of a link, A first. */
export type Ends<T> = readonly [a: T, b: T]

/** A port to join with, by the fibre that arrives there: `port3 (feeder from OLT-1 pon0)`. */
export function joinPortText({ name, far_end: far }: Pick<Port, 'name' | 'far_end'>): string {
  if (far === null) return `${name} (no fibre)`
  return `${name} (${far.device_type === 'OLT' ? 'feeder from' : 'fibre to'} ${far.device_name} ${far.interface_name})`
}

/** The ports that the port of a new link can be joined with. */
export function joinablePorts(ports: readonly Port[], takenId: number): Port[] {
  return ports.filter(
    ({ id, can_carry_link: canCarry, cross_connect: joined }) => canCarry && joined === null && id !== takenId,
  )
}

/** A link at these ports, with the joins that are chosen; null where the server decides on all of them. */
export function linkWithJoins(
  body: ConnectDevices,
  ports: Ends<TakenPort> | null,
  [a, b]: Ends<JoinChoice>,
): NewLink | null {
  if (ports === null || (a === 'proposed' && b === 'proposed')) return null
  const { length_km: length = null, physical_medium_id: medium = null } = body
  return {
    a_interface_id: ports[0].id,
    b_interface_id: ports[1].id,
    length_km: length,
    physical_medium_id: medium,
    ...(typeof a === 'number' ? { a_cross_connect_to: a } : {}),
    ...(a === 'none' ? { a_stays_unjoined: true } : {}),
    ...(typeof b === 'number' ? { b_cross_connect_to: b } : {}),
    ...(b === 'none' ? { b_stays_unjoined: true } : {}),
  }
}

/** The steps of a simulation that links two devices. */
export function connectSteps(
  body: ConnectDevices,
  ports: Ends<TakenPort> | null,
  joins: Ends<JoinChoice>,
): Simulation['changes'] {
  const link = linkWithJoins(body, ports, joins)
  return [link === null ? { op: 'connect', ...body } : { op: 'create_link', ...link }]
}
