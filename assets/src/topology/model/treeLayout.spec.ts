import { expect, test } from 'vitest'
import { ponSite, TestSite } from '../testing/testNetwork'
import { layOut, LEAF_PITCH } from './treeLayout'
import { TIERS } from './tiers'

const everything = (): boolean => true

test('the same network gives the same places', () => {
  const places = (): unknown[] => [...layOut(ponSite(5, 20).build(), everything).values()]
  expect(places()).toEqual(places())
})

test('every device has a place, parents above their children, and none stands on another', () => {
  const network = ponSite(11, 33).build()
  const places = layOut(network, everything)
  expect(places.size).toBe(network.order.length)
  const cells = new Map<string, string>()
  for (const [spot, { x, y }] of places) {
    const cell = `${Math.round(x / (LEAF_PITCH * 0.6))},${Math.round(y / (LEAF_PITCH * 0.6))}`
    expect(cells.get(cell), `${spot.device.name} stands on another`).toBeUndefined()
    cells.set(cell, spot.device.name)
    if (spot.parent === null || TIERS[spot.device.device_type] === TIERS.ONT) continue
    expect(places.get(spot.parent)?.y).toBeLessThan(y)
  }
})

test('devices with a position keep it, new ones come beside their parent', () => {
  const site = new TestSite()
  const splitter = site.device('SPLITTER', { x: 500, y: 300 })
  const onts = Array.from({ length: 8 }, () => {
    const ont = site.device('ONT')
    site.link(splitter, ont)
    return ont
  })
  const network = site.build()
  const places = layOut(network, ({ id }) => id !== splitter)
  expect([...places.keys()].map(({ id }) => id).sort()).toEqual(onts)
  for (const { x, y } of places.values()) expect(Math.hypot(x - 500, y - 300)).toBeLessThan(120)
})

test('a chain of ten thousand parts is laid out', () => {
  const site = new TestSite()
  let before = site.device('OLT')
  for (let part = 0; part < 10_000; part += 1) {
    const next = site.device('HOP')
    site.link(before, next)
    before = next
  }
  expect(layOut(site.build(), everything).size).toBe(10_001)
})

test('fifty thousand devices take a fraction of a second', () => {
  const network = ponSite(1_500, 32).build()
  // Time of the processor, for the machine may do other things meanwhile.
  const from = process.cpuUsage()
  const places = layOut(network, everything)
  const { user } = process.cpuUsage(from)
  expect(places.size).toBe(network.order.length)
  expect(user / 1_000).toBeLessThan(600)
})
