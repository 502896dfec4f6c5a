import type { Device, Link } from '../api/types'
import { runInSlices } from '../utils/slices'
import { buildNetwork } from './model/buildModel'
import { placeContainer } from './model/levelOfDetail'
import { countIn, type Network, refreshWire, type Spot, type Wire } from './model/graph'
import { type Lists, type Outline, outlineOf, type Survey } from './model/computeLayout'
import { pending, settle } from './positions'
import type { Scene } from './scene/scene'

/** Milliseconds of a frame that changes may take; the rest is for drawing and input. */
const SLICE_MS = 9
/** A network that keeps changing is built anew half of the time, mostly by another thread. */
const REST_FACTOR = 1

/** Who looks at the picture. */
export interface Viewer {
  scene(): Scene | null
  /** Another model took the place of the one before. */
  rebuilt(network: Network): void
}

/** A model that is ready, and the positions that it was built with. */
interface Draft {
  network: Network
  held: ReadonlyMap<number, unknown>
}

/**
 * Keeps the picture's model equal to the lists: changes a slice of each frame at a time, another
 * shape by building another model beside the one that is drawn. The model stays while nobody looks.
 */
export class Follower {
  /** The model that is drawn; null before the first one. */
  network: Network | null = null
  private viewer: Viewer | null = null
  private queue: Device[] = []
  private linkQueue: Link[] = []
  private frame = 0
  private timer: ReturnType<typeof setTimeout> | undefined
  /** The lists changed since they were last compared. */
  private isNew = false
  private restUntil = 0
  private isStale = true
  private isBuilding = false
  private isHeld = false
  /** Built while something was dragged. */
  private draft: Draft | null = null

  constructor(
    private readonly lists: () => Lists,
    private readonly survey: (outline: Outline) => Promise<Survey>,
  ) {}

  /** Somebody looks from now on: catches up with what changed meanwhile. */
  open(viewer: Viewer): void {
    this.viewer = viewer
    if (this.network !== null) this.catchUp(this.network)
    this.changed()
  }

  close(): void {
    this.viewer = null
    this.isHeld = false
    cancelAnimationFrame(this.frame)
    this.frame = 0
    clearTimeout(this.timer)
  }

  /** The lists changed. */
  changed(): void {
    this.isNew = true
    this.wake()
  }

  /** Positions changed here. */
  replaced(): void {
    this.isStale = true
    this.restUntil = 0
    this.changed()
  }

  /** While something is dragged, the model under it stays the same one. */
  hold(): void {
    this.isHeld = true
  }

  /** Ends a drag. Its places are told first: a model that is ready by then must not be without them. */
  drop(tell: () => void): void {
    tell()
    this.isHeld = false
    this.install()
    this.changed()
  }

  private wake(): void {
    if (this.viewer !== null) this.frame ||= requestAnimationFrame(() => this.step())
  }

  private step(): void {
    this.frame = 0
    if (this.network !== null && this.isNew) this.compare(this.network)
    this.isNew = false
    if (this.isStale && !this.isHeld && !this.isBuilding) {
      const rest = this.restUntil - performance.now()
      clearTimeout(this.timer)
      if (rest <= 0) void this.rebuild()
      else this.timer = setTimeout(() => this.wake(), rest)
    }
    if (this.network !== null) this.apply(this.network, SLICE_MS)
    if (this.queue.length + this.linkQueue.length > 0) this.wake()
  }

  private catchUp(network: Network): void {
    this.compare(network)
    this.apply(network, Infinity)
  }

  /** Finds what changed. Lists keep the object of what did not, so this is a walk. */
  private compare({ spots, links: drawn }: Network): void {
    const { devices, links } = this.lists()
    this.isNew = false
    this.queue = []
    this.linkQueue = []
    if (devices.size !== spots.size || links.size !== drawn.size) this.outgrow()
    for (const device of devices.values()) {
      const spot = spots.get(device.id)
      if (spot === undefined) this.outgrow()
      else if (spot.device !== device) this.queue.push(device)
    }
    for (const link of links.values()) {
      const before = drawn.get(link.id)
      if (before === link) continue
      const isUnchanged =
        before?.a_interface_id === link.a_interface_id &&
        before.b_interface_id === link.b_interface_id
      if (isUnchanged) this.linkQueue.push(link)
      else this.outgrow()
    }
  }

  /** The shape is another one. A model that is under way is compared with the lists when it is there. */
  private outgrow(): void {
    if (!this.isBuilding) this.isStale = true
  }

  /** What changes in the lists meanwhile is found by comparing them with the new model. */
  private async rebuild(): Promise<void> {
    const from = performance.now()
    this.isStale = false
    this.isBuilding = true
    try {
      this.draft = await this.build()
    } finally {
      this.isBuilding = false
    }
    const until = performance.now()
    // Positions that changed here meanwhile do not wait.
    if (!this.isStale) this.restUntil = until + (until - from) * REST_FACTOR
    this.install()
  }

  private async build(): Promise<Draft> {
    const { devices, links, deviceOfPort } = this.lists()
    const [deviceList, linkList] = [[...devices.values()], [...links.values()]]
    const held = new Map(pending)
    const outline = await runInSlices(outlineOf(deviceList, linkList, deviceOfPort, held))
    const survey = await this.survey(outline)
    const network = await runInSlices(buildNetwork(deviceList, linkList, survey))
    return { network, held }
  }

  private install(): void {
    if (this.draft === null || this.isHeld) return
    const { network, held } = this.draft
    this.draft = null
    for (const [id, point] of pending) {
      const spot = network.spots.get(id)
      if (spot === undefined || held.get(id) === point) continue
      Object.assign(spot, point, { isFloating: false })
    }
    this.network = network
    this.catchUp(network)
    this.viewer?.rebuilt(network)
    this.wake()
  }

  private apply(network: Network, ms: number): void {
    const until = performance.now() + ms
    const touched = new Set<Spot>()
    const moved = new Set<Spot>()
    const wires = new Set<Wire>()
    while (performance.now() < until) {
      const device = this.queue.pop()
      const link = device === undefined ? this.linkQueue.pop() : undefined
      if (device !== undefined) this.take(network, device, touched, moved, wires)
      else if (link !== undefined) this.takeLink(network, link, wires)
      else break
    }
    for (const wire of wires) refreshWire(wire)
    const scene = this.viewer?.scene() ?? null
    if (scene === null || scene.network !== network) {
      for (const site of new Set([...moved].map(({ site }) => site))) {
        if (site !== null) placeContainer(site)
      }
      return
    }
    if (touched.size + wires.size > 0) scene.refresh(touched, wires)
    if (moved.size > 0) scene.moved(moved)
  }

  private take(
    { spots }: Network,
    device: Device,
    touched: Set<Spot>,
    moved: Set<Spot>,
    wires: Set<Wire>,
  ): void {
    const spot = spots.get(device.id)
    if (spot === undefined) return
    const before = spot.device
    if (
      before.parent_container_id !== device.parent_container_id ||
      before.device_type !== device.device_type
    ) {
      this.outgrow()
    }
    countIn(spot, before.effective_status, -1)
    countIn(spot, device.effective_status, 1)
    spot.device = device
    settle(device)
    for (const each of [spot, spot.head, spot.site]) if (each !== null) touched.add(each)
    if (before.signal?.class !== device.signal?.class) for (const wire of spot.wires) wires.add(wire)
    const isElsewhere = before.x !== device.x || before.y !== device.y
    if (!isElsewhere || pending.has(device.id) || spot.role === 'container') return
    if (this.isHeld) {
      this.isStale = true
      return
    }
    spot.isFloating = false
    spot.x = device.x
    spot.y = device.y
    moved.add(spot)
  }

  private takeLink({ links, wireOfLink }: Network, link: Link, wires: Set<Wire>): void {
    links.set(link.id, link)
    const wire = wireOfLink.get(link.id)
    if (wire === undefined) return
    const at = wire.links.findIndex(({ id }) => id === link.id)
    if (at >= 0) wire.links[at] = link
    wires.add(wire)
  }
}
