import { expect, test } from 'vitest'
import { setDetail } from '../model/levelOfDetail'
import { layOut } from '../model/treeLayout'
import type { Network, Spot } from '../model/graph'
import type { Look } from '../render/colorScheme'
import { ponSite, TestSite } from '../testing/testNetwork'
import { type Attention, isDrawn } from '../render/style'
import { Groups } from './nodeGroups'
import type { Rect } from './spatialIndex'
import { openGroup, paint, type Picture, repaintSpot, repaintWire } from './sceneGraph'
import { Summaries } from './aggregateEdges'

const GREY = [0.5, 0.5, 0.5] as const
const LOOK = new Proxy({} as Look, {
  get: (_look, key) =>
    key === 'roles' ? { active: GREY, passive: GREY, leaf: GREY, container: GREY } : GREY,
})
const CALM: Attention = { selected: new Set(), hovered: null, traced: new Map(), isAllowed: null }

function placed(site: TestSite): Network {
  const network = site.build()
  for (const [spot, point] of layOut(network, () => true)) Object.assign(spot, point)
  setDetail(network)
  return network
}

function around({ x, y }: Spot, scale: number): Rect {
  const [dx, dy] = [640 / scale, 400 / scale]
  return { left: x - dx, top: y - dy, right: x + dx, bottom: y + dy }
}

/** The picture of a network, with the groups of a view if one is given. */
function pictureOf(network: Network, view?: Rect, scale = 0): Picture {
  const summaries = new Summaries(network)
  const picture = paint(network, summaries, new Groups(network, summaries.ends), LOOK, CALM)
  const groups = view === undefined ? [] : picture.groups.inView(view, scale)
  for (const group of groups) openGroup(picture, group, LOOK, CALM)
  return picture
}

/** Whether a straight line between two points meets a view. */
function meets(view: Rect, from: Spot, to: Spot): boolean {
  for (let step = 0; step <= 200; step += 1) {
    const x = from.x + ((to.x - from.x) * step) / 200
    const y = from.y + ((to.y - from.y) * step) / 200
    if (x >= view.left && x <= view.right && y >= view.top && y <= view.bottom) return true
  }
  return false
}

function spotOf(network: Network, id: number | undefined): Spot {
  const spot = network.spots.get(id ?? 0)
  if (spot === undefined) throw new Error(`no device ${id}`)
  return spot
}

test('from afar a picture holds what stands for the rest, and from near what is in view', () => {
  const site = ponSite(60, 32)
  const network = placed(site)
  const splitter = spotOf(network, site.ids['splitters']?.[0])
  // The gateway, the core, the POP and the edge router, whose line leaves it.
  expect(pictureOf(network).graph.order).toBe(4)
  expect(pictureOf(network, around(splitter, 0.001), 0.001).graph.order).toBe(4)
  const scale = splitter.opensAt * 4
  const { graph, memberCount } = pictureOf(network, around(splitter, scale), scale)
  for (const { key, wires } of splitter.members) {
    expect(graph.hasNode(key)).toBe(true)
    expect(wires.every((wire) => graph.hasEdge(wire.key))).toBe(true)
  }
  expect(memberCount).toBeLessThan(30 * 32)
})

test('whatever is drawn in a view is in the picture, at every scale and place', () => {
  const site = ponSite(40, 24)
  // Lines that leave their groups: between two PONs, and from a PON to the core.
  site.link(site.ids['onts']?.[3] ?? 0, site.ids['onts']?.[700] ?? 0)
  site.link(site.ids['splitters']?.[9] ?? 0, 2)
  const network = placed(site)
  for (const middle of network.order.filter((_spot, at) => at % 97 === 0)) {
    for (let scale = 0.01; scale < 4; scale *= 1.5) {
      const view = around(middle, scale)
      const { graph } = pictureOf(network, view, scale)
      for (const spot of network.spots.values()) {
        if (isDrawn(spot, scale) && meets(view, spot, spot)) expect(graph.hasNode(spot.key)).toBe(true)
      }
      for (const { key, a, b } of network.wires) {
        if (isDrawn(a, scale) && isDrawn(b, scale) && meets(view, a, b)) expect(graph.hasEdge(key)).toBe(true)
      }
    }
  }
})

test('members that moved away are found where they stand now', () => {
  const site = ponSite(4, 8)
  const network = placed(site)
  const { groups } = pictureOf(network)
  const member = spotOf(network, site.ids['onts']?.[0])
  const scale = member.showFrom * 2
  Object.assign(member, { x: 90_000, y: 90_000 })
  expect(groups.inView(around(member, scale), scale)).toEqual([])
  groups.moved([member])
  const found = groups.inView(around(member, scale), scale)
  expect(found.some(({ members }) => members.includes(member))).toBe(true)
})

test('a change of what is not in the picture changes only what stands for it', () => {
  const site = ponSite(2, 8)
  const network = placed(site)
  const ont = spotOf(network, site.ids['onts']?.[0])
  const [drop] = ont.wires
  const picture = pictureOf(network)
  expect(repaintSpot(picture, ont, LOOK, CALM)).toBeNull()
  expect(drop === undefined ? null : repaintWire(picture, drop, LOOK, CALM)).toEqual([])
  const [up] = spotOf(network, 2).wires.filter(({ b }) => b.site !== null)
  const keys = up === undefined ? [] : repaintWire(picture, up, LOOK, CALM)
  expect(keys).toEqual([up?.key, `s2-${site.ids['pop']?.[0]}`])
})
