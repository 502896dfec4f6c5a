import cytoscape from 'cytoscape'
import type { Device, Interface, Link } from '../src/api/types'

/**
 * The same network drawn with Cytoscape's canvas renderer, for comparison. Positions, lines and
 * the colour of the status are the same; it has no level of detail, and its own ways to be quick
 * (no names, textures while moving) are switched on.
 */

const COLORS = { UP: '#e3e9ee', DOWN: '#b8151c', DEGRADED: '#c27c00' }

async function read<T>(path: string): Promise<T[]> {
  return (await fetch(`/api/${path}`)).json() as Promise<T[]>
}

const [devices, ports, links] = await Promise.all([
  read<Device>('devices'),
  read<Interface>('interfaces'),
  read<Link>('links'),
])
const arrivedAt = performance.now()
const deviceOf = new Map(ports.map(({ id, device_id }) => [id, device_id]))
const graph = cytoscape({
  container: document.getElementById('network'),
  elements: {
    nodes: devices.map(({ id, x, y, effective_status: status }) => ({
      data: { id: `d${id}`, status },
      position: { x, y },
    })),
    edges: links.map(({ id, a_interface_id: a, b_interface_id: b }) => ({
      data: { id: `w${id}`, source: `d${deviceOf.get(a)}`, target: `d${deviceOf.get(b)}` },
    })),
  },
  layout: { name: 'preset' },
  textureOnViewport: true,
  hideEdgesOnViewport: false,
  pixelRatio: 1,
  style: [
    { selector: 'node', style: { width: 22, height: 22, 'background-color': COLORS.UP } },
    { selector: 'node[status = "DOWN"]', style: { 'background-color': COLORS.DOWN } },
    { selector: 'node[status = "DEGRADED"]', style: { 'background-color': COLORS.DEGRADED } },
    { selector: 'edge', style: { width: 2, 'curve-style': 'haystack' } },
  ],
})
graph.fit(undefined, 56)

/** Takes over 10,000 changes of status, as the page would after reading the list anew. */
function storm(): void {
  graph.batch(() => {
    for (const { id } of devices) graph.getElementById(`d${id}`).data('status', 'DOWN')
  })
}

requestAnimationFrame(() =>
  requestAnimationFrame(() => {
    Object.assign(window, { bench: { arrivedAt, drawnAt: performance.now(), storm } })
  }),
)
