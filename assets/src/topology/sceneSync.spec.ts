import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { Status } from '../api/types'
import { Follower } from './sceneSync'
import type { Network, Spot } from './model/graph'
import { type Outline, type Survey, surveyOf } from './model/computeLayout'
import { pending } from './positions'
import type { Scene } from './scene/scene'
import { networkOf, ponSite, type TestSite } from './testing/testNetwork'

vi.mock('../stores/devices', () => ({ devices: { value: new Map() } }))
vi.mock('./scene/scene', () => ({}))

let frames: FrameRequestCallback[]
let refreshed: number
let rebuilds: number
/** The surveys that nobody has answered yet. */
let asked: (() => void)[]
let isAnswering: boolean
let drawn: Network | null
let follower: Follower

beforeEach(() => {
  frames = []
  vi.stubGlobal('requestAnimationFrame', (call: FrameRequestCallback) => frames.push(call))
  vi.stubGlobal('cancelAnimationFrame', () => (frames = []))
  pending.clear()
})
afterEach(() => vi.unstubAllGlobals())

async function follow(site: TestSite): Promise<void> {
  refreshed = 0
  rebuilds = 0
  asked = []
  isAnswering = true
  drawn = null
  follower = new Follower(() => site, (outline) => answer(outline))
  look()
  await settle()
  rebuilds = 0
}

function look(): void {
  const scene = {
    get network() {
      return drawn
    },
    refresh: (spots: Iterable<unknown>) => (refreshed += [...spots].length),
    moved: () => undefined,
  }
  follower.open({
    scene: () => (drawn === null ? null : (scene as unknown as Scene)),
    rebuilt: (next) => {
      drawn = next
      rebuilds += 1
    },
  })
  drawn = follower.network
}

function answer(outline: Outline): Promise<Survey> {
  const survey = surveyOf(outline)
  return new Promise((resolve) => {
    if (isAnswering) resolve(survey)
    else asked.push(() => resolve(survey))
  })
}

/** Lets frames and other threads do what they have to, until nothing is under way. */
async function settle(): Promise<void> {
  for (let idle = 0; idle < 20; ) {
    const frame = frames.shift()
    frame?.(0)
    idle = frame === undefined ? idle + 1 : 0
    await new Promise((resolve) => setTimeout(resolve))
  }
}

function network(): Network {
  if (drawn === null) throw new Error('nothing is drawn')
  return drawn
}

function spot(id: number | undefined): Spot {
  const found = network().spots.get(id ?? 0)
  if (found === undefined) throw new Error(`no device ${id}`)
  return found
}

/** What the picture says, for comparison with a fresh one. */
function tallies(of: Network): unknown[] {
  return [...of.spots.values()].map(({ id, device, tally }) => [id, device.effective_status, tally])
}

test('any changes of status, one by one, give the picture that a fresh one would be', async () => {
  const site = ponSite(6, 16)
  await follow(site)
  const words: Status[] = ['UP', 'DOWN', 'DEGRADED']
  let seed = 7
  for (let change = 0; change < 400; change += 1) {
    seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31
    site.set(1 + (seed % site.devices.size), words[seed % 3] ?? 'UP')
    if (change % 7 !== 0) continue
    follower.changed()
    frames.shift()?.(0)
  }
  follower.changed()
  await settle()
  expect(rebuilds).toBe(0)
  expect(tallies(network())).toEqual(tallies(networkOf(site)))
})

test('a storm is taken in slices, and a change in the middle of it is not lost', async () => {
  const site = ponSite(60, 32)
  await follow(site)
  const clock = vi.spyOn(performance, 'now')
  let at = 1e9
  // Each look at the clock costs a tenth of a millisecond: some ninety devices fit in a frame.
  clock.mockImplementation(() => (at += 0.1))
  for (const id of site.devices.keys()) site.set(id, 'DOWN')
  follower.changed()
  frames.shift()?.(0)
  expect(refreshed).toBeLessThan(400)
  expect(frames).toHaveLength(1)
  site.set(1, 'DEGRADED')
  follower.changed()
  await settle()
  clock.mockRestore()
  expect(tallies(network())).toEqual(tallies(networkOf(site)))
})

test('a new link or device makes a new picture; not while something is dragged', async () => {
  const site = ponSite(2, 4)
  const [splitter] = site.ids['splitters'] ?? []
  await follow(site)
  follower.hold()
  site.link(splitter ?? 0, site.device('ONT'))
  follower.changed()
  await settle()
  expect(rebuilds).toBe(0)
  follower.drop(() => undefined)
  await vi.waitFor(async () => {
    await settle()
    expect(rebuilds).toBe(1)
  })
  expect(spot(splitter).tally.leaves).toBe(5)
})

test('what changes while another thread lays the network out is not lost', async () => {
  const site = ponSite(2, 4)
  const [splitter, other] = site.ids['splitters'] ?? []
  await follow(site)
  isAnswering = false
  site.link(splitter ?? 0, site.device('ONT'))
  follower.replaced()
  await settle()
  expect(asked).toHaveLength(1)
  const late = site.device('ONT')
  site.link(other ?? 0, late)
  site.set(site.ids['onts']?.[0] ?? 0, 'DOWN')
  follower.changed()
  await settle()
  // The picture before goes on meanwhile, and only one survey is under way.
  expect(spot(splitter).tally.down).toBe(1)
  expect(asked).toHaveLength(1)
  isAnswering = true
  asked.forEach((send) => send())
  await vi.waitFor(async () => {
    await settle()
    expect(network().spots.has(late)).toBe(true)
  })
  expect(rebuilds).toBe(2)
  expect(tallies(network())).toEqual(tallies(networkOf(site)))
})

test('a drag that begins while the network is laid out keeps its places', async () => {
  const site = ponSite(2, 4)
  const [ont] = site.ids['onts'] ?? []
  await follow(site)
  isAnswering = false
  site.link(site.ids['splitters']?.[0] ?? 0, site.device('ONT'))
  follower.replaced()
  await settle()
  follower.hold()
  const before = network()
  isAnswering = true
  asked.forEach((send) => send())
  await settle()
  expect(network()).toBe(before)
  follower.drop(() => void pending.set(ont ?? 0, { x: 777, y: 888 }))
  expect(network()).not.toBe(before)
  expect(spot(ont)).toMatchObject({ x: 777, y: 888, isFloating: false })
})

test('whoever comes back finds the same model, with what changed meanwhile', async () => {
  const site = ponSite(3, 4)
  await follow(site)
  const before = network()
  follower.close()
  site.set(site.ids['onts']?.[0] ?? 0, 'DOWN')
  site.set(site.ids['olt']?.[0] ?? 0, 'DEGRADED')
  follower.changed()
  expect(frames).toHaveLength(0)
  look()
  expect(network()).toBe(before)
  expect(tallies(network())).toEqual(tallies(networkOf(site)))
  expect(rebuilds).toBe(0)
})
