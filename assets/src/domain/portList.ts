import type { DevicePorts, Port } from '../api/types'
import { formatCount, formatCounted, formatMeasure, formatUnit } from '../utils/format'

/** Two ports that are joined inside an ODF, NVT or HOP, the older one first. */
export interface PortPairRow {
  a: Port
  b: Port
  lossDb: number | null
  isAssumed: boolean
}

/** The ports of an ODF, NVT or HOP by what is joined. */
export interface JoinedPorts {
  pairs: PortPairRow[]
  /** Fibres end at them, and nothing says how these go on. */
  open: Port[]
  /** Ports that can be joined. */
  unjoined: Port[]
  assumedCount: number
}

export function joinedPorts(ports: readonly Port[]): JoinedPorts {
  const byId = new Map(ports.map((port) => [port.id, port]))
  const pairs = ports.flatMap((a): PortPairRow[] => {
    const { cross_connect: joined } = a
    const b = byId.get(joined?.interface_id ?? -1)
    if (joined === null || b === undefined || b.id < a.id) return []
    return [{ a, b, lossDb: joined.loss_db, isAssumed: joined.is_assumed }]
  })
  const unjoined = ports.filter(({ cross_connect: joined }) => joined === null)
  return {
    pairs,
    open: unjoined.filter(({ link }) => link !== null),
    unjoined,
    assumedCount: pairs.filter(({ isAssumed }) => isAssumed).length,
  }
}

/** A port with what is connected: `port1 (OLT-1 pon0)`. */
export function portText({ name, far_end: far }: Pick<Port, 'name' | 'far_end'>): string {
  return far === null ? name : `${name} (${far.device_name} ${far.interface_name})`
}

/** The ports that a new link can take. */
export function freePorts(ports: readonly Port[]): Port[] {
  return ports.filter(({ can_carry_link: canCarry, link }) => canCarry && link === null)
}

/** How many ports of a device are free: of a splitter its outputs, of an OLT its PON ports. */
export function freeText({ outputs, pon_ports: pons, counts }: Pick<DevicePorts, 'outputs' | 'pon_ports' | 'counts'>): string {
  const [{ free, total }, noun] = outputs ? [outputs, 'outputs'] : pons ? [pons, 'PON ports'] : [counts, 'ports']
  return `${formatCount(free)} of ${formatCount(total)} ${noun} are free.`
}

/** How a passive part passes light on, in a sentence; null for a device that is no such part. */
export function passesText(passes: DevicePorts['passes']): string | null {
  switch (passes) {
    case 'every_port':
      return 'Light passes from every port to every other, because no cross-connect is recorded.'
    case 'cross_connects':
      return 'Light passes only between ports that are joined.'
    default:
      return null
  }
}

/** What a new ratio of a splitter has to respect, in sentences. */
export function splitterText({ outputs }: Pick<DevicePorts, 'outputs'>, insertionLossDb: number | null): string {
  const used = `${formatCounted(outputs?.used ?? 0, 'output')} in use.`
  if (insertionLossDb === null) return used
  return `${used} Its own insertion loss of ${formatMeasure(insertionLossDb, 'dB')} stays as it is.`
}

type PonLoad = NonNullable<Port['pon']>
type PonLimits = NonNullable<DevicePorts['pon_limits']>

/** The fibre to the farthest subscriber; fibres without a length make it a minimum. */
export function farthestText({ farthest_km: km, has_unknown_length: isLeast }: PonLoad): string {
  if (km === null) return '–'
  return isLeast ? `at least ${formatUnit(km, 'km')}` : formatUnit(km, 'km')
}

/** The limits that a PON exceeds, a sentence each. */
export function ponWarnings(load: PonLoad, limits: PonLimits): string[] {
  return load.warnings.map((warning) => {
    switch (warning) {
      case 'reach_exceeded':
        return `The farthest subscriber is more than ${formatUnit(limits.reach_km, 'km')} away.`
      case 'split_exceeded':
        return `The light is split 1:${load.split}; 1:${limits.split} is the usual limit.`
      case 'subscribers_exceeded':
        return `It has more than ${formatCount(limits.subscribers)} subscribers.`
    }
  })
}
