import { describe, expect, test } from 'vitest'
import { isDrawn } from '../render/style'
import { standIn } from '../scene/aggregateEdges'
import { ponSite, TestSite } from '../testing/testNetwork'
import { setDetail } from './levelOfDetail'
import { layOut } from './treeLayout'
import { isInTrouble, type Network } from './graph'

function placed(site: TestSite): Network {
  const network = site.build()
  for (const [spot, point] of layOut(network, () => true)) Object.assign(spot, point)
  setDetail(network)
  return network
}

describe('the tree', () => {
  test('hangs every device under its neighbour towards the backbone', () => {
    const site = ponSite(2, 3)
    const { spots } = site.build()
    const way = (id: number): string[] => {
      const names: string[] = []
      for (let at = spots.get(id) ?? null; at !== null; at = at.parent) names.push(at.device.device_type)
      return names
    }
    expect(way(site.ids['onts']?.[4] ?? 0)).toEqual([
      'ONT',
      'SPLITTER',
      'ODF',
      'OLT',
      'EDGE_ROUTER',
      'CORE_ROUTER',
      'BACKBONE_GATEWAY',
    ])
  })

  test('holds what the backbone does not reach', () => {
    const site = new TestSite()
    site.link(site.device('OLT'), site.device('ONT'))
    site.device('HOP')
    const { order } = site.build()
    expect(order.map(({ device }) => device.device_type)).toEqual(['OLT', 'ONT', 'HOP'])
  })

  test('a ring of splitters ends', () => {
    const site = new TestSite()
    const [a, b, c] = [1, 2, 3].map(() => site.device('SPLITTER')) as [number, number, number]
    site.link(a, b)
    site.link(b, c)
    site.link(c, a)
    expect(site.build().order).toHaveLength(3)
  })

  test('a link to a port that is not known is left out', () => {
    const site = new TestSite()
    site.link(site.device('OLT'), 77)
    expect(site.build().wires.length).toBe(0)
  })
})

describe('groups', () => {
  test('a cascade of splitters is one PON', () => {
    const site = new TestSite()
    const [olt, first, second, hop, ont] = (['OLT', 'SPLITTER', 'SPLITTER', 'HOP', 'ONT'] as const).map(
      (type) => site.device(type),
    ) as [number, number, number, number, number]
    site.link(olt, first)
    site.link(first, second)
    site.link(second, hop)
    site.link(hop, ont)
    const { spots } = site.build()
    for (const id of [second, hop, ont]) expect(spots.get(id)?.head?.id).toBe(first)
    expect(spots.get(first)?.tally).toEqual({ devices: 3, leaves: 1, down: 0, degraded: 0 })
  })

  test('the site of an ONT is that of its PON', () => {
    const site = ponSite(2, 4)
    site.set(site.ids['onts']?.[0] ?? 0, 'DOWN')
    const pop = site.build().spots.get(site.ids['pop']?.[0] ?? 0)
    expect(pop?.tally).toEqual({ devices: 13, leaves: 8, down: 1, degraded: 0 })
  })

  test('parallel links are one line, as bad as the worst', () => {
    const site = new TestSite()
    const [olt, odf] = [site.device('OLT'), site.device('ODF')]
    site.link(olt, odf)
    site.link(odf, olt, 'DOWN')
    const [wire] = site.build().wires
    expect(wire?.links).toHaveLength(2)
    expect(wire?.status).toBe('DOWN')
  })
})

test('no level of detail hides a problem', () => {
  const site = ponSite(8, 32)
  const bad = [site.ids['onts']?.[40], site.ids['splitters']?.[5], site.ids['odf']?.[0]].map((id) => id ?? 0)
  for (const id of bad) site.set(id, id === bad[0] ? 'DOWN' : 'DEGRADED')
  const network = placed(site)
  for (let scale = 0.002; scale < 4; scale *= 1.07) {
    for (const id of bad) {
      const spot = network.spots.get(id)
      if (spot === undefined) throw new Error('it is there')
      const shown = standIn(spot, scale)
      expect(isDrawn(shown, scale)).toBe(true)
      expect(isInTrouble(shown)).toBe(true)
    }
  }
})

test('from afar a PON is one thing, and a POP too', () => {
  const network = placed(ponSite(8, 32))
  const drawn = (scale: number): number =>
    [...network.spots.values()].filter((spot) => isDrawn(spot, scale)).length
  expect(drawn(0.001)).toBe(3)
  expect(drawn(4)).toBe(network.spots.size - 1)
  const pop = network.containers[0]
  expect(drawn((pop?.opensAt ?? 0) * 1.01)).toBe(2 + 3 + 8)
})

test('the oldest device at the origin holds it; what is stacked there has no place', () => {
  const site = new TestSite()
  const first = site.device('CORE_ROUTER')
  const stacked = site.device('EDGE_ROUTER')
  const standing = site.device('OLT', { x: 5 })
  const { spots } = site.build()
  expect([first, stacked, standing].map((id) => spots.get(id)?.isFloating)).toEqual([false, true, false])
})
