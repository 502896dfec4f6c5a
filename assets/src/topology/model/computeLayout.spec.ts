import { expect, test } from 'vitest'
import { networkOf, ponSite, TestSite } from '../testing/testNetwork'
import { setDetail } from './levelOfDetail'
import { layOut } from './treeLayout'
import { shapeNetwork } from './buildGraph'

/** Where everything stands and what hangs off what, by ids. */
function facts(spots: ReturnType<typeof shapeNetwork>['spots']): unknown[] {
  return [...spots.values()].map((spot) => ({
    id: spot.id,
    at: [spot.x, spot.y, spot.isFloating],
    from: [spot.showFrom, spot.opensAt],
    above: [spot.parent?.id, spot.head?.id, spot.site?.id],
    below: [spot.children.map(({ id }) => id), spot.members.map(({ id }) => id)],
    wires: spot.wires.map(({ key }) => key),
  }))
}

test('the model that is built of a survey is the shape that was surveyed', () => {
  const site = ponSite(5, 12)
  const lost = site.device('HOP', { x: 4_000, y: 20 })
  site.link(lost, site.device('ONT', { parent_container_id: site.ids['pop']?.[0] ?? null }))
  site.link(lost, 9_999)
  const ends = [...site.links.values()].flatMap(({ a_interface_id: a, b_interface_id: b }) => [
    site.deviceOfPort(a) ?? -1,
    site.deviceOfPort(b) ?? -1,
  ])
  const shape = shapeNetwork(site.devices.values(), ends)
  for (const [spot, point] of layOut(shape, ({ isFloating }) => isFloating)) Object.assign(spot, point)
  setDetail(shape)
  const network = networkOf(site)
  expect(facts(network.spots)).toEqual(facts(shape.spots))
  expect(network.order.map(({ id }) => id)).toEqual(shape.order.map(({ id }) => id))
  expect(network.wires.map(({ key }) => key)).toEqual(shape.wires.map(({ key }) => key))
})

test('a position that is not saved yet wins over the one of the list', () => {
  const site = new TestSite()
  const [first, second] = [site.device('OLT'), site.device('OLT')]
  const network = networkOf(site, new Map([[second, { x: 40, y: 50 }]]))
  expect(network.spots.get(first)).toMatchObject({ x: 0, y: 0, isFloating: false })
  expect(network.spots.get(second)).toMatchObject({ x: 40, y: 50, isFloating: false })
})
