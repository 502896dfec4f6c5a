import { fetchUpstreamPath } from '../api/devices'
import type { UpstreamPath } from '../api/types'
import type { Network } from './model/graph'

/** A path on the picture: how far along it each node and edge is, from 0 to 1. */
export interface Trace {
  deviceId: number
  path: UpstreamPath
}

export async function loadTrace(deviceId: number): Promise<Trace> {
  return { deviceId, path: await fetchUpstreamPath(deviceId) }
}

/** The keys of what lights up. What stands for a part from afar lights up with it. */
export function traceKeys({ path }: Trace, network: Network): Map<string, number> {
  const keys = new Map<string, number>()
  const last = Math.max(1, path.elements.length - 1)
  path.elements.forEach(({ kind, id }, at) => {
    const order = at / last
    if (kind === 'link') {
      const wire = network.wireOfLink.get(id)
      if (wire !== undefined) keys.set(wire.key, order)
      return
    }
    const spot = network.spots.get(id)
    for (const each of [spot, spot?.head, spot?.site]) {
      if (each !== null && each !== undefined && !keys.has(each.key)) keys.set(each.key, order)
    }
  })
  return keys
}

/** The path in words, from the device upwards. */
export function traceText({ path }: Trace): string {
  const names = path.elements.flatMap(({ kind, name }) => (kind === 'device' ? [name ?? ''] : []))
  const way = names.join(', ')
  return path.is_complete ? `Path to the backbone: ${way}.` : `The path ends at ${names.at(-1) ?? 'the device'}: ${way}.`
}
