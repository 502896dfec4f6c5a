import type { Device, Link } from '../api/types'
import { buildNetwork } from './model/build'
import { layOut } from './model/layout'
import { countIn, type Network, refreshWire, type Spot, type Wire } from './model/spots'
import { pending, settle } from './places'
import type { Scene } from './scene/scene'

/** Milliseconds of a frame that changes may take; the rest is for drawing and input. */
const SLICE_MS = 9
/** Share of the time that rebuilding a changing network may take: one part in five. */
const REST_FACTOR = 4

/** The lists that the picture follows. */
export interface Lists {
  devices: Map<number, Device>
  links: Map<number, Link>
  deviceOfPort: (portId: number) => number | undefined
}

/** Keeps the scene equal to the lists, a slice of each frame at a time. */
export class Follower {
  private readonly drawn = new Map<number, Link>()
  private queue: Device[] = []
  private linkQueue: Link[] = []
  private frame = 0
  /** The lists changed since they were last compared. */
  private isNew = false
  private restUntil = 0
  private isStale = false
  private isHeld = false

  constructor(
    private readonly lists: () => Lists,
    private readonly scene: () => Scene | null,
    private readonly rebuilt: (network: Network) => void,
  ) {}

  /** The model of the lists as they are now. */
  build(): Network {
    const { devices, links, deviceOfPort } = this.lists()
    const network = buildNetwork(devices.values(), links.values(), deviceOfPort)
    for (const [id, point] of pending) {
      const spot = network.spots.get(id)
      if (spot !== undefined) Object.assign(spot, point, { isFloating: false })
    }
    for (const [spot, point] of layOut(network, ({ isFloating }) => isFloating)) {
      Object.assign(spot, point)
    }
    this.drawn.clear()
    for (const link of links.values()) this.drawn.set(link.id, link)
    this.queue = []
    this.linkQueue = []
    this.isStale = false
    this.isNew = false
    return network
  }

  /** The lists changed. */
  changed(): void {
    this.isNew = true
    this.frame ||= requestAnimationFrame(() => this.step())
  }

  /** Positions changed here. */
  replaced(): void {
    this.isStale = true
    this.restUntil = 0
    this.changed()
  }

  /** While something is dragged, the model under it stays the same one. */
  hold(isHeld: boolean): void {
    this.isHeld = isHeld
    if (!isHeld) this.changed()
  }

  stop(): void {
    cancelAnimationFrame(this.frame)
  }

  private step(): void {
    this.frame = 0
    const scene = this.scene()
    if (scene === null) return
    if (this.isNew) this.compare(scene.network)
    if (this.isStale && !this.isHeld) {
      if (performance.now() >= this.restUntil) {
        this.rebuild(scene)
        return
      }
      setTimeout(() => this.changed(), this.restUntil - performance.now())
    }
    this.apply(scene)
    if (this.queue.length + this.linkQueue.length > 0) {
      this.frame ||= requestAnimationFrame(() => this.step())
    }
  }

  /** Finds what changed. Lists keep the object of what did not, so this is a walk. */
  private compare(network: Network): void {
    const { devices, links } = this.lists()
    const { spots } = network
    this.isNew = false
    this.queue = []
    this.linkQueue = []
    if (devices.size !== spots.size || links.size !== this.drawn.size) this.isStale = true
    for (const device of devices.values()) {
      const spot = spots.get(device.id)
      if (spot === undefined) this.isStale = true
      else if (spot.device !== device) this.queue.push(device)
    }
    for (const link of links.values()) {
      const before = this.drawn.get(link.id)
      if (before === link) continue
      const isSame =
        before?.a_interface_id === link.a_interface_id &&
        before.b_interface_id === link.b_interface_id
      if (isSame) this.linkQueue.push(link)
      else this.isStale = true
    }
  }

  private rebuild(scene: Scene): void {
    const from = performance.now()
    const network = this.build()
    scene.replace(network)
    this.rebuilt(network)
    const until = performance.now()
    this.restUntil = until + (until - from) * REST_FACTOR
  }

  private apply(scene: Scene): void {
    const until = performance.now() + SLICE_MS
    const touched = new Set<Spot>()
    const moved = new Set<Spot>()
    const wires = new Set<Wire>()
    while (performance.now() < until) {
      const device = this.queue.pop()
      const link = device === undefined ? this.linkQueue.pop() : undefined
      if (device !== undefined) this.take(scene.network, device, touched, moved, wires)
      else if (link !== undefined) this.takeLink(scene.network, link, wires)
      else break
    }
    for (const wire of wires) refreshWire(wire)
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
      this.isStale = true
    }
    countIn(spot, before.effective_status, -1)
    countIn(spot, device.effective_status, 1)
    spot.device = device
    settle(device)
    for (const each of [spot, spot.head, spot.site]) if (each !== null) touched.add(each)
    if (before.signal?.class !== device.signal?.class) for (const wire of spot.wires) wires.add(wire)
    const isElsewhere = before.x !== device.x || before.y !== device.y
    if (!isElsewhere || this.isHeld || pending.has(device.id) || spot.role === 'container') return
    spot.isFloating = false
    spot.x = device.x
    spot.y = device.y
    moved.add(spot)
  }

  private takeLink({ wireOfLink }: Network, link: Link, wires: Set<Wire>): void {
    this.drawn.set(link.id, link)
    const wire = wireOfLink.get(link.id)
    if (wire === undefined) return
    const at = wire.links.findIndex(({ id }) => id === link.id)
    if (at >= 0) wire.links[at] = link
    wires.add(wire)
  }
}
