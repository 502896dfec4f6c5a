import { expect, test } from 'vitest'
import { setDetail } from '../model/detail'
import { layOut } from '../model/layout'
import type { Network, Spot } from '../model/spots'
import type { Look } from '../render/look'
import { ponSite, TestSite } from '../testing/site'
import { type Attention, isDrawn } from './art'
import { Groups } from './groups'
import type { Rect } from './index'
import { openGroup, paint, type Picture, repaintSpot, repaintWire, standIn } from './paint'

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

function openIn(picture: Picture, groups: Groups, view: Rect, scale: number): void {
  for (const { head } of groups.inView(view, scale)) openGroup(picture, head, LOOK, CALM)
}

test('from afar a picture holds no member, and from near those in view', () => {
  const network = placed(ponSite(60, 32))
  const picture = paint(network, LOOK, CALM)
  const groups = new Groups(network)
  expect(picture.graph.order).toBe(network.spots.size - 60 * 32)
  const [splitter] = network.order.filter(({ members, role }) => members.length > 0 && role === 'passive')
  if (splitter === undefined) throw new Error('it is there')
  expect(groups.inView(around(splitter, 0.01), 0.01)).toEqual([])
  const scale = splitter.opensAt * 4
  openIn(picture, groups, around(splitter, scale), scale)
  for (const { key, wires } of splitter.members) {
    expect(picture.graph.hasNode(key)).toBe(true)
    expect(wires.every((wire) => picture.graph.hasEdge(wire.key))).toBe(true)
  }
  expect(picture.memberCount).toBeLessThan(30 * 32)
})

test('whatever is drawn in a view is in the picture, at every scale', () => {
  const network = placed(ponSite(40, 24))
  const groups = new Groups(network)
  const middle = network.order[Math.floor(network.order.length / 2)]
  if (middle === undefined) throw new Error('it is there')
  for (let scale = 0.01; scale < 4; scale *= 1.3) {
    const picture = paint(network, LOOK, CALM)
    const view = around(middle, scale)
    openIn(picture, groups, view, scale)
    for (const spot of network.spots.values()) {
      const isSeen =
        spot.x >= view.left && spot.x <= view.right && spot.y >= view.top && spot.y <= view.bottom
      if (isSeen && isDrawn(spot, scale)) expect(picture.graph.hasNode(spot.key)).toBe(true)
      expect(picture.graph.hasNode(standIn(spot, 0.001).key)).toBe(true)
    }
  }
})

test('members that moved away are found where they stand now', () => {
  const network = placed(ponSite(4, 8))
  const groups = new Groups(network)
  const [head] = [...groups.all].map((group) => group.head)
  const [member] = head?.members ?? []
  if (head === undefined || member === undefined) throw new Error('it is there')
  const scale = head.opensAt * 2
  Object.assign(member, { x: 90_000, y: 90_000 })
  expect(groups.inView(around(member, scale), scale)).toEqual([])
  groups.moved(head)
  expect(groups.inView(around(member, scale), scale).map((group) => group.head)).toEqual([head])
})

test('a line between members of two groups appears with the second one', () => {
  const site = ponSite(2, 8)
  const [one, other] = [site.ids['onts']?.[0], site.ids['onts']?.[8]]
  site.link(one ?? 0, other ?? 0)
  const network = placed(site)
  const picture = paint(network, LOOK, CALM)
  const wire = network.wires.at(-1)
  const heads = [network.spots.get(one ?? 0)?.head, network.spots.get(other ?? 0)?.head]
  for (const [at, head] of heads.entries()) {
    if (head === null || head === undefined || wire === undefined) throw new Error('it is there')
    openGroup(picture, head, LOOK, CALM)
    expect(picture.graph.hasEdge(wire.key)).toBe(at === 1)
  }
})

test('a change of what is not in the picture changes only what stands for it', () => {
  const site = ponSite(2, 8)
  const [one, other] = [site.ids['onts']?.[0], site.ids['onts']?.[8]]
  site.link(one ?? 0, other ?? 0, 'DOWN')
  const network = placed(site)
  const picture = paint(network, LOOK, CALM)
  const [spot, wire] = [network.spots.get(one ?? 0), network.wires.at(-1)]
  if (spot === undefined || wire === undefined) throw new Error('it is there')
  expect(repaintSpot(picture, spot, LOOK, CALM)).toBeNull()
  // The two splitters stand for the two subscribers.
  expect(repaintWire(picture, wire, LOOK, CALM)).toEqual([`s${spot.head?.id}-${network.spots.get(other ?? 0)?.head?.id}`])
})
