import { fetchUpstreamPath } from '../api/devices'
import type { UpstreamPath } from '../api/types'
import type { TopologyModel } from './model/graph'

/** The upstream path of a device, as it is shown in the topology. */
export interface Trace {
  deviceId: number
  path: UpstreamPath
}

export async function loadTrace(deviceId: number): Promise<Trace> {
  return { deviceId, path: await fetchUpstreamPath(deviceId) }
}

/**
 * The keys of the nodes and edges on the path, with their place on it: 0 (the device) to 1 (its
 * end). The group head and the container of a node have the place of their first node.
 */
export function traceKeys({ path }: Trace, model: TopologyModel): Map<string, number> {
  const keys = new Map<string, number>()
  const last = Math.max(1, path.elements.length - 1)
  path.elements.forEach(({ kind, id }, index) => {
    const order = index / last
    if (kind === 'link') {
      const edge = model.edgeOfLink.get(id)
      if (edge !== undefined) keys.set(edge.key, order)
      return
    }
    const node = model.nodes.get(id)
    for (const each of [node, node?.groupHead, node?.container]) {
      if (each !== null && each !== undefined && !keys.has(each.key)) keys.set(each.key, order)
    }
  })
  return keys
}

/** The path as a sentence, from the device upwards. */
export function traceText({ path }: Trace): string {
  const names = path.elements.flatMap(({ kind, name }) => (kind === 'device' ? [name ?? ''] : []))
  const list = names.join(', ')
  if (path.is_complete) return `Path to the backbone: ${list}.`
  return `The path ends at ${names.at(-1) ?? 'the device'}: ${list}.`
}
