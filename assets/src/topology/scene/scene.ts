import Sigma from 'sigma'
import { placeContainer } from '../model/levelOfDetail'
import type { Network, Spot, Wire } from '../model/graph'
import { Adornments } from '../render/nodeDecorations'
import { type Area, areaOf, drawAreas, drawTitles, type Title } from '../render/containerAreas'
import { iconAtlas } from '../render/iconAtlas'
import { CURVE_STEPS, edgeProgram } from '../render/edgeProgram'
import { Labels } from '../render/labels'
import type { Look } from '../render/colorScheme'
import type { Frame } from '../render/frameState'
import { nodeProgram } from '../render/nodeProgram'
import { type Attention, isDrawn } from '../render/style'
import { Eye, FRAME_UNITS } from './camera'
import { type Group, Groups, widen } from './nodeGroups'
import { type Rect, SpotIndex } from './spatialIndex'
import { openGroup, paint, type Picture, repaintSpot, repaintWire } from './sceneGraph'
import { Summaries } from './aggregateEdges'

/** What is drawn before the first model. */
const NOTHING: Network = {
  spots: new Map(),
  wires: [],
  containers: [],
  order: [],
  links: new Map(),
  wireOfLink: new Map(),
}
/** A traced path lights up in this time. */
const LIGHT_MS = 900
/** Names beyond the edge of the canvas, so that they do not pop up while panning. */
const MARGIN_PX = 80
/** A network of this size is given to the graphics card as a whole; of a larger one, what can be seen. */
const WHOLE_SPOTS_MAX = 2_000
/** Members in the graph beyond which those out of sight leave it. */
const MEMBERS_MAX = 12_000

/** The drawn network: owns sigma, and keeps it equal to the model. Empty until `replace`. */
export class Scene {
  readonly eye: Eye
  readonly index = new SpotIndex()
  /** Called after each frame: overlays follow the camera. */
  onFrame: () => void = () => undefined
  private readonly sigma: Sigma
  private readonly frame: Frame
  private readonly labels = new Labels()
  private readonly adornments = new Adornments()
  private readonly ground: CanvasRenderingContext2D | null
  private picture: Picture
  private areas: Area[] = []
  private titles: Title[] = []
  private attention: Attention = {
    selected: new Set(),
    hovered: null,
    traced: new Map(),
    isAllowed: null,
  }
  private lightFrom = 0
  private isKilled = false

  constructor(
    container: HTMLElement,
    look: Look,
    private readonly font: string,
    private readonly isCalm: () => boolean,
  ) {
    this.frame = { look, icons: null, scale: 1, lit: 1 }
    this.picture = paint(NOTHING, ...foldsOf(NOTHING), look, this.attention)
    this.sigma = new Sigma(this.picture.graph, container, {
      nodeProgramClasses: {
        node: nodeProgram(this.frame, false),
        leaf: nodeProgram(this.frame, true),
      },
      edgeProgramClasses: {
        drop: edgeProgram(this.frame, 1),
        trunk: edgeProgram(this.frame, CURVE_STEPS),
      },
      defaultNodeType: 'node',
      defaultEdgeType: 'drop',
      renderLabels: false,
      renderEdgeLabels: false,
      stagePadding: 0,
      zIndex: false,
      allowInvalidContainer: true,
      doubleClickZoomingRatio: 1.8,
      inertiaRatio: 0,
      inertiaDuration: 0,
      zoomDuration: isCalm() ? 0 : 160,
    })
    this.sigma.setCustomBBox({ x: [0, FRAME_UNITS], y: [0, FRAME_UNITS] })
    this.stopPicking()
    this.eye = new Eye(this.sigma, isCalm)
    // Its types do not know of the layer option that its canvases have.
    const beneath: { style?: Partial<CSSStyleDeclaration>; beforeLayer: string } = {
      beforeLayer: 'edges',
    }
    this.sigma.createCanvasContext('grounds', beneath)
    const canvas = this.sigma.getCanvases()['grounds']
    this.ground = canvas?.getContext('2d') ?? null
    this.sigma.resize(true)
    this.sigma.on('beforeRender', () => this.prepare())
    this.sigma.on('afterRender', () => this.finish())
    void iconAtlas().then((icons) => {
      this.frame.icons = icons
      if (!this.isDead) this.sigma.scheduleRender()
    })
  }

  get network(): Network {
    return this.picture.network
  }

  /** Whether nothing is drawn any more, for good. */
  get isDead(): boolean {
    return this.isKilled
  }

  get mouse(): ReturnType<Sigma['getMouseCaptor']> {
    return this.sigma.getMouseCaptor()
  }

  get touch(): ReturnType<Sigma['getTouchCaptor']> {
    return this.sigma.getTouchCaptor()
  }

  /** Pixels per world unit. */
  get scale(): number {
    return this.eye.scale
  }

  /** Puts another model in place; the camera stays, unless nothing was drawn before. */
  replace(network: Network): void {
    const isFirst = this.network === NOTHING
    this.picture = paint(network, ...foldsOf(network), this.frame.look, this.attention)
    this.areas = network.containers.flatMap((site) => areaOf(site) ?? [])
    if (isFirst) this.fit(false)
    this.show()
  }

  /** Takes over what changed in some spots and wires, in the next frame. */
  refresh(spots: Iterable<Spot>, wires: Iterable<Wire>): void {
    const { look } = this.frame
    const nodes = new Set<string>()
    const edges = new Set<string>()
    for (const spot of spots) {
      const key = repaintSpot(this.picture, spot, look, this.attention)
      if (key !== null) nodes.add(key)
    }
    for (const wire of wires) {
      for (const key of repaintWire(this.picture, wire, look, this.attention)) edges.add(key)
    }
    this.sigma.refresh({
      partialGraph: { nodes: [...nodes], edges: [...edges] },
      skipIndexation: true,
      schedule: true,
    })
  }

  /** Takes over the places of moved spots, and of the lines that end at them. */
  moved(spots: Iterable<Spot>): void {
    const touched = new Set<Spot>()
    const sites = new Set<Spot>()
    const wires = new Set<Wire>()
    for (const spot of spots) {
      touched.add(spot)
      if (this.picture.graph.hasNode(spot.key)) this.index.put(spot)
      for (const wire of spot.wires) wires.add(wire)
      if (spot.site !== null) sites.add(spot.site)
    }
    this.picture.groups.moved(touched)
    for (const site of sites) {
      if (!touched.has(site)) placeContainer(site)
      for (const wire of site.wires) wires.add(wire)
      touched.add(site)
      this.index.put(site)
      const at = this.areas.findIndex((area) => area.site === site)
      const area = areaOf(site)
      if (at >= 0 && area !== null) this.areas[at] = area
    }
    this.refresh(touched, wires)
  }

  setLook(look: Look): void {
    this.frame.look = look
    this.repaint()
  }

  /** What is selected, hovered, traced or forbidden. */
  attend(change: Partial<Attention>): void {
    const before = this.attention
    this.attention = { ...before, ...change }
    if (change.traced !== undefined && change.traced !== before.traced) {
      this.lightFrom = performance.now()
      this.frame.lit = change.traced.size === 0 || this.isCalm() ? 1 : 0
    }
    const { traced, isAllowed } = this.attention
    // Dimming concerns every node; halos are drawn with each frame.
    if (traced !== before.traced || isAllowed !== before.isAllowed) {
      this.repaint()
      return
    }
    this.sigma.scheduleRender()
  }

  /** The drawn spot, or the container whose name stands there. */
  at(x: number, y: number): Spot | null {
    const world = this.eye.toWorld(x, y)
    const spot = this.index.at(world.x, world.y, this.scale)
    if (spot !== null) return spot
    const title = this.titles.find(
      ({ box }) => x >= box.left && x <= box.right && y >= box.top && y <= box.bottom,
    )
    return title?.site ?? null
  }

  /** The open container whose ground lies under a place. */
  containerAt({ x, y }: { x: number; y: number }): Spot | null {
    const area = this.areas.find(
      ({ site, world }) =>
        this.scale >= site.opensAt &&
        x >= world.left &&
        x <= world.right &&
        y >= world.top &&
        y <= world.bottom,
    )
    return area?.site ?? null
  }

  /** The drawn spots within a rectangle of the canvas. */
  inside(box: Rect): Spot[] {
    const from = this.eye.toWorld(box.left, box.top)
    const to = this.eye.toWorld(box.right, box.bottom)
    const world = { left: from.x, top: from.y, right: to.x, bottom: to.y }
    return [...this.index.within(world)].filter((spot) => isDrawn(spot, this.scale))
  }

  /** All drawn spots in sight. */
  inSight(): Spot[] {
    return [...this.index.within(this.eye.view)].filter((spot) => isDrawn(spot, this.scale))
  }

  nearMiddle(): Spot | null {
    const { x, y } = this.eye.center
    let best: Spot | null = null
    let bestAway = Infinity
    for (const spot of this.inSight()) {
      const away = Math.hypot(spot.x - x, spot.y - y)
      if (away < bestAway) [best, bestAway] = [spot, away]
    }
    return best
  }

  /** The element has another size. */
  resize(): void {
    if (!this.isDead) this.sigma.scheduleRender()
  }

  /** Shows all of it. */
  fit(animate: boolean): void {
    let farthest = Infinity
    for (const { opensAt } of this.network.spots.values()) {
      if (opensAt > 0) farthest = Math.min(farthest, opensAt * 0.7)
    }
    this.eye.fit(this.network.spots.values(), farthest, animate)
  }

  kill(): void {
    if (this.isKilled) return
    this.isKilled = true
    this.sigma.kill()
  }

  private repaint(): void {
    this.refresh(this.network.spots.values(), this.network.wires)
  }

  /** Draws a new picture: what is seen from afar, and what is in sight. */
  private show(): void {
    this.index.clear()
    for (const spot of this.picture.groups.far) this.index.put(spot)
    for (const site of this.network.containers) this.index.put(site)
    this.openGroups()
    this.sigma.setGraph(this.picture.graph)
  }

  /** Gives the graphics card the members that are in sight, or will be soon. */
  private openGroups(): void {
    const { groups, opened, memberCount } = this.picture
    if (this.network.spots.size <= WHOLE_SPOTS_MAX) {
      if (memberCount === 0) this.open(groups.all)
      return
    }
    const { view } = this.eye
    if (groups.inView(view, this.scale).every((group) => opened.has(group))) return
    const wanted = groups.inView(widen(view), this.scale)
    this.open(wanted)
    const wantedCount = wanted.reduce((sum, { members }) => sum + members.length, 0)
    if (this.picture.memberCount <= Math.max(MEMBERS_MAX, 2 * wantedCount)) return
    // Sigma would process the whole graph at each node that leaves it.
    requestAnimationFrame(() => {
      if (this.isDead) return
      const { network, summaries, groups: same } = this.picture
      this.picture = paint(network, summaries, same, this.frame.look, this.attention)
      this.show()
    })
  }

  private open(groups: Iterable<Group>): void {
    for (const group of groups) {
      if (this.picture.opened.has(group)) continue
      openGroup(this.picture, group, this.frame.look, this.attention)
      for (const member of group.members) this.index.put(member)
    }
  }

  /** Sigma reads pixels back at every move of the mouse; the index answers without waiting. */
  private stopPicking(): void {
    for (const event of this.sigma.getMouseCaptor().eventNames()) {
      this.sigma.getMouseCaptor().removeAllListeners(event)
    }
    for (const event of this.sigma.getTouchCaptor().eventNames()) {
      this.sigma.getTouchCaptor().removeAllListeners(event)
    }
  }

  private prepare(): void {
    this.frame.scale = this.eye.scale
    this.openGroups()
    if (this.frame.lit < 1) {
      this.frame.lit = Math.min(1, (performance.now() - this.lightFrom) / LIGHT_MS)
      requestAnimationFrame(() => {
        if (!this.isDead) this.sigma.scheduleRender()
      })
    }
  }

  private finish(): void {
    if (this.network === NOTHING) return
    const { width, height } = this.sigma.getDimensions()
    const toCanvas = this.eye.toCanvas()
    const { look, scale } = this.frame
    if (this.ground !== null) {
      this.ground.clearRect(0, 0, width, height)
      const size = { width, height }
      this.titles = drawAreas(this.ground, this.areas, scale, toCanvas, look, this.font, size)
    }
    const labels = this.sigma.getCanvases()['labels']?.getContext('2d') ?? null
    if (labels !== null) {
      const from = this.eye.toWorld(-MARGIN_PX, -MARGIN_PX)
      const to = this.eye.toWorld(width + MARGIN_PX, height + MARGIN_PX)
      const view = { left: from.x, top: from.y, right: to.x, bottom: to.y }
      const seen = [...this.index.within(view)].filter((spot) => isDrawn(spot, scale))
      for (const spot of seen) {
        this.adornments.draw(labels, spot, scale, toCanvas, look, this.attention)
      }
      drawTitles(labels, this.titles, look, this.font)
      const kept = this.titles.map(({ box }) => box)
      this.labels.draw(labels, seen, scale, toCanvas, look, this.attention, this.font, kept)
    }
    this.onFrame()
  }
}

function foldsOf(network: Network): [Summaries, Groups] {
  const summaries = new Summaries(network)
  return [summaries, new Groups(network, summaries.ends)]
}
