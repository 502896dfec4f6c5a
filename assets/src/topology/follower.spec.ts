import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { Status } from '../api/types'
import { Follower } from './follower'
import type { Network } from './model/spots'
import type { Scene } from './scene/scene'
import { ponSite, type TestSite } from './testing/site'

vi.mock('../stores/devices', () => ({ devices: { value: new Map() } }))
vi.mock('./scene/scene', () => ({}))

let frames: FrameRequestCallback[]
let refreshed: number
let rebuilds: number
let network: Network
let follower: Follower

beforeEach(() => {
  frames = []
  vi.stubGlobal('requestAnimationFrame', (call: FrameRequestCallback) => frames.push(call))
  vi.stubGlobal('cancelAnimationFrame', () => undefined)
})
afterEach(() => vi.unstubAllGlobals())

function follow(site: TestSite): void {
  refreshed = 0
  rebuilds = 0
  const scene = {
    get network() {
      return network
    },
    refresh: (spots: Iterable<unknown>) => (refreshed += [...spots].length),
    moved: () => undefined,
    replace: (next: Network) => {
      network = next
      rebuilds += 1
    },
  }
  follower = new Follower(
    () => ({ devices: site.devices, links: site.links, deviceOfPort: site.deviceOfPort }),
    () => scene as unknown as Scene,
    () => undefined,
  )
  network = follower.build()
}

function settle(): void {
  follower.changed()
  for (let frame = frames.shift(); frame !== undefined; frame = frames.shift()) frame(0)
}

/** What the picture says, for comparison with a fresh one. */
function tallies(of: Network): unknown[] {
  return [...of.spots.values()].map(({ id, device, tally }) => [id, device.effective_status, tally])
}

test('any changes of status, one by one, give the picture that a fresh one would be', () => {
  const site = ponSite(6, 16)
  follow(site)
  const words: Status[] = ['UP', 'DOWN', 'DEGRADED']
  let seed = 7
  for (let change = 0; change < 400; change += 1) {
    seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31
    site.set(1 + (seed % site.devices.size), words[seed % 3] ?? 'UP')
    if (change % 7 === 0) settle()
  }
  settle()
  expect(rebuilds).toBe(0)
  expect(tallies(network)).toEqual(tallies(site.build()))
})

test('a storm is taken in slices, and a change in the middle of it is not lost', () => {
  const site = ponSite(60, 32)
  follow(site)
  const clock = vi.spyOn(performance, 'now')
  let at = 0
  // Each look at the clock costs a tenth of a millisecond: some ninety devices fit in a frame.
  clock.mockImplementation(() => (at += 0.1))
  for (const id of site.devices.keys()) site.set(id, 'DOWN')
  follower.changed()
  frames.shift()?.(0)
  expect(refreshed).toBeLessThan(400)
  expect(frames).toHaveLength(1)
  site.set(1, 'DEGRADED')
  settle()
  clock.mockRestore()
  expect(tallies(network)).toEqual(tallies(site.build()))
})

test('a new link or device makes a new picture; not while something is dragged', () => {
  const site = ponSite(2, 4)
  follow(site)
  follower.hold(true)
  site.link(site.ids['splitters']?.[0] ?? 0, site.device('ONT'))
  settle()
  expect(rebuilds).toBe(0)
  follower.hold(false)
  settle()
  expect(rebuilds).toBe(1)
  expect(network.spots.get(site.ids['splitters']?.[0] ?? 0)?.tally.leaves).toBe(5)
})
