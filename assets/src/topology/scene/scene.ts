import Sigma from 'sigma'
import { distanceToCurve, edgeLine, lineCurve, pointOn } from '../model/edgeLine'
import { contains, type Point, type Rect } from '../model/geometry'
import { newModel, type TopologyEdge, type TopologyModel, type TopologyNode } from '../model/graph'
import { centerContainer, isVisible } from '../model/levelOfDetail'
import type { ColorScheme } from '../render/colorScheme'
import { CURVE_STEPS, edgeProgram } from '../render/edgeProgram'
import type { ProgramFrame } from '../render/frame'
import { iconAtlas } from '../render/iconAtlas'
import { nodeProgram } from '../render/nodeProgram'
import { type Highlight, NO_HIGHLIGHT } from '../render/style'
import { Camera, SIGMA_BOX_UNITS } from './camera'
import { Layers } from './layers'
import { type NodeGroup, withSurroundings } from './nodeGroups'
import { SceneGraph } from './sceneGraph'
import { SpatialIndex } from './spatialIndex'

/** Drawn before the first model. */
const NO_MODEL = newModel()
/** The animation of a traced path. */
const TRACE_MS = 900
/** Labels this far outside the canvas are drawn, so that they do not pop up while panning. */
const LABEL_MARGIN_PX = 80
/** A network of up to this size is in sigma's graph as a whole; of a larger one, the part in view. */
const FULL_GRAPH_NODES_MAX = 2_000
/** With more members in sigma's graph, those out of view are removed. */
const MEMBERS_MAX = 12_000
/** Of more edges, the lines are not searched at each move of the mouse. */
const HOVERED_EDGES_MAX = 5_000
/** A pointer may miss a line by this much. */
const LINE_SLACK_PX = 6
/** How far below the scale at which a container expands one can zoom out. */
const COLLAPSED_SHARE = 0.7

/** Draws a model with sigma. Empty until `replace`. */
export class Scene {
  readonly camera: Camera
  readonly index = new SpatialIndex()
  /** Called after each frame. */
  onFrame: () => void = () => undefined
  private readonly sigma: Sigma
  private readonly frame: ProgramFrame
  private readonly layers: Layers
  private sceneGraph: SceneGraph
  private traceStartedAt = 0
  private isKilled = false

  /** `font`: the family that labels are drawn in. */
  constructor(
    container: HTMLElement,
    colors: ColorScheme,
    private readonly font: string,
    private readonly prefersReducedMotion: () => boolean,
  ) {
    this.frame = { colors, highlight: NO_HIGHLIGHT, icons: null, scale: 1, traceProgress: 1 }
    this.sceneGraph = new SceneGraph(NO_MODEL, this.frame)
    this.sigma = newSigma(this.sceneGraph, container, this.frame, prefersReducedMotion())
    this.camera = new Camera(this.sigma, prefersReducedMotion)
    this.layers = new Layers(this.sigma)
    this.sigma.resize(true)
    this.sigma.on('beforeRender', () => this.beforeRender())
    this.sigma.on('afterRender', () => this.afterRender())
    void iconAtlas().then((icons) => {
      this.frame.icons = icons
      this.scheduleRender()
    })
  }

  get model(): TopologyModel {
    return this.sceneGraph.model
  }

  /** Whether it was killed, for good. */
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
    return this.camera.scale
  }

  /** Draws another model. The camera stays, except for the first one. */
  replace(model: TopologyModel): void {
    const isFirst = this.model === NO_MODEL
    this.sceneGraph = new SceneGraph(model, this.frame)
    this.layers.replace(model)
    if (isFirst) this.fit(false)
    this.showGraph()
  }

  /** Draws changes of these nodes and edges with the next frame. */
  refresh(nodes: Iterable<TopologyNode>, edges: Iterable<TopologyEdge>): void {
    const nodeKeys = new Set<string>()
    const edgeKeys = new Set<string>()
    for (const node of nodes) {
      const key = this.sceneGraph.updateNode(node)
      if (key !== null) nodeKeys.add(key)
    }
    for (const edge of edges) {
      for (const key of this.sceneGraph.updateEdge(edge)) edgeKeys.add(key)
    }
    this.sigma.refresh({
      partialGraph: { nodes: [...nodeKeys], edges: [...edgeKeys] },
      skipIndexation: true,
      schedule: true,
    })
  }

  /** Draws nodes, their edges and their containers where they are now. */
  nodesMoved(nodes: Iterable<TopologyNode>): void {
    const changed = new Set<TopologyNode>()
    const containers = new Set<TopologyNode>()
    const edges = new Set<TopologyEdge>()
    for (const node of nodes) {
      changed.add(node)
      if (this.sceneGraph.graph.hasNode(node.key)) this.index.put(node)
      for (const edge of node.edges) edges.add(edge)
      if (node.container !== null) containers.add(node.container)
    }
    this.sceneGraph.groups.nodesMoved(changed)
    for (const container of containers) {
      if (!changed.has(container)) centerContainer(container)
      for (const edge of container.edges) edges.add(edge)
      changed.add(container)
      this.index.put(container)
      this.layers.updateArea(container)
    }
    this.refresh(changed, edges)
  }

  setColors(colors: ColorScheme): void {
    this.frame.colors = colors
    this.refreshAll()
  }

  setHighlight(change: Partial<Highlight>): void {
    const before = this.frame.highlight
    const after = { ...before, ...change }
    this.frame.highlight = after
    const { traced, isConnectable } = after
    if (traced !== before.traced) {
      this.traceStartedAt = performance.now()
      this.frame.traceProgress = traced.size === 0 || this.prefersReducedMotion() ? 1 : 0
    }
    // These dim all other nodes; a selected or hovered node only gets a halo, drawn with each frame.
    const dimsOthers = traced !== before.traced || isConnectable !== before.isConnectable
    if (dimsOthers) this.refreshAll()
    else if (
      after.selected !== before.selected ||
      after.selectedEdges !== before.selectedEdges ||
      after.hovered !== before.hovered
    ) {
      this.scheduleRender()
    }
  }

  /** The node, or the container by its title, at a point of the canvas. */
  nodeAt({ x, y }: Point): TopologyNode | null {
    const node = this.index.nodeAt(this.camera.toWorld(x, y), this.scale)
    return node ?? this.layers.titleAt({ x, y })
  }

  /**
   * The edges whose line is at a point of the canvas: several if it is drawn for a group. Empty
   * without a line there.
   */
  edgesAt(point: Point): TopologyEdge[] {
    let best: TopologyEdge[] = []
    let bestDistance = LINE_SLACK_PX
    let bestKey = ''
    for (const [edge, key, curve] of this.drawnLines()) {
      if (key === bestKey) {
        best.push(edge)
        continue
      }
      const { from, to } = curve
      const isNear =
        point.x >= Math.min(from.x, to.x) - LINE_SLACK_PX &&
        point.x <= Math.max(from.x, to.x) + LINE_SLACK_PX &&
        point.y >= Math.min(from.y, to.y) - LINE_SLACK_PX &&
        point.y <= Math.max(from.y, to.y) + LINE_SLACK_PX
      if (!isNear) continue
      const distance = distanceToCurve(curve, point)
      if (distance < bestDistance) [best, bestDistance, bestKey] = [[edge], distance, key]
    }
    return best
  }

  /** Whether a line is at a point of the canvas; false on a large network, where looking takes too long. */
  isLineAt(point: Point): boolean {
    return this.model.edges.length <= HOVERED_EDGES_MAX && this.edgesAt(point).length > 0
  }

  /** The edges whose line has its middle in a rectangle of the canvas. */
  edgesIn(rect: Rect): TopologyEdge[] {
    const found: TopologyEdge[] = []
    for (const [edge, , curve] of this.drawnLines()) {
      if (contains(rect, pointOn(curve, 0.5))) found.push(edge)
    }
    return found
  }

  /** The expanded container whose area a world point is in. */
  containerAt(point: Point): TopologyNode | null {
    return this.layers.containerAt(point, this.scale)
  }

  /** The drawn nodes in a rectangle of the canvas. */
  nodesIn(rect: Rect): TopologyNode[] {
    const from = this.camera.toWorld(rect.left, rect.top)
    const to = this.camera.toWorld(rect.right, rect.bottom)
    return this.drawnNodes({ left: from.x, top: from.y, right: to.x, bottom: to.y })
  }

  nodesInView(): TopologyNode[] {
    return this.drawnNodes(this.camera.view)
  }

  /** The drawn node in view that is nearest to the middle of the canvas. */
  nodeNearCenter(): TopologyNode | null {
    const { x, y } = this.camera.center
    let best: TopologyNode | null = null
    let bestDistance = Infinity
    for (const node of this.nodesInView()) {
      const distance = Math.hypot(node.x - x, node.y - y)
      if (distance < bestDistance) [best, bestDistance] = [node, distance]
    }
    return best
  }

  /** Draws the next frame, as after the canvas was resized. */
  scheduleRender(): void {
    if (!this.isDead) this.sigma.scheduleRender()
  }

  /** Shows the whole network. */
  fit(animate: boolean): void {
    let lowestScale = Infinity
    for (const { expandScale } of this.model.nodes.values()) {
      if (expandScale > 0) lowestScale = Math.min(lowestScale, expandScale * COLLAPSED_SHARE)
    }
    this.camera.fit(this.model.nodes.values(), lowestScale, animate)
  }

  kill(): void {
    if (this.isKilled) return
    this.isKilled = true
    this.sigma.kill()
  }

  private drawnNodes(world: Rect): TopologyNode[] {
    const { scale } = this
    return [...this.index.within(world)].filter((node) => isVisible(node, scale))
  }

  /** Each edge that is drawn, with the key of its line and its curve in pixels of the canvas. */
  private *drawnLines(): Generator<[edge: TopologyEdge, key: string, curve: ReturnType<typeof lineCurve>]> {
    const { scale } = this
    const toCanvas = this.camera.toCanvas()
    const pointOf = ({ x, y }: Point): Point => {
      const [left, top] = toCanvas(x, y)
      return { x: left, y: top }
    }
    for (const edge of this.model.edges) {
      const line = edgeLine(edge, scale)
      if (line === null) continue
      const key = `${line.from.key} ${line.to.key}`
      yield [edge, key, lineCurve(pointOf(line.from), pointOf(line.to), line.isCurved)]
    }
  }

  private decoratedEdges(): Set<TopologyEdge> {
    const edges = new Set(this.frame.highlight.selectedEdges)
    for (const edge of this.model.edges) if (edge.isOverridden) edges.add(edge)
    return edges
  }

  private refreshAll(): void {
    this.refresh(this.model.nodes.values(), this.model.edges)
  }

  /** Gives a new scene graph to sigma and to the index. */
  private showGraph(): void {
    this.index.clear()
    for (const node of this.sceneGraph.groups.ungrouped) this.index.put(node)
    for (const container of this.model.containers) this.index.put(container)
    this.addGroupsInView()
    this.sigma.setGraph(this.sceneGraph.graph)
  }

  /** Adds the groups that are in view, or soon will be, to sigma's graph. */
  private addGroupsInView(): void {
    const { groups, memberCount } = this.sceneGraph
    if (this.model.nodes.size <= FULL_GRAPH_NODES_MAX) {
      if (memberCount === 0) this.addGroups(groups.all)
      return
    }
    const { view } = this.camera
    if (groups.inView(view, this.scale).every((group) => this.sceneGraph.hasGroup(group))) return
    const needed = groups.inView(withSurroundings(view), this.scale)
    this.addGroups(needed)
    const neededCount = needed.reduce((sum, { members }) => sum + members.length, 0)
    if (this.sceneGraph.memberCount <= Math.max(MEMBERS_MAX, 2 * neededCount)) return
    // A new graph: sigma would process the whole one again for each node that is removed.
    requestAnimationFrame(() => {
      if (this.isDead) return
      this.sceneGraph = this.sceneGraph.withoutGroups()
      this.showGraph()
    })
  }

  private addGroups(groups: Iterable<NodeGroup>): void {
    for (const group of groups) {
      if (this.sceneGraph.hasGroup(group)) continue
      this.sceneGraph.addGroup(group)
      for (const member of group.members) this.index.put(member)
    }
  }

  private beforeRender(): void {
    const { frame } = this
    frame.scale = this.scale
    this.addGroupsInView()
    if (frame.traceProgress < 1) {
      frame.traceProgress = Math.min(1, (performance.now() - this.traceStartedAt) / TRACE_MS)
      requestAnimationFrame(() => this.scheduleRender())
    }
  }

  private afterRender(): void {
    if (this.model === NO_MODEL) return
    const { camera, font } = this
    const { colors, highlight, scale } = this.frame
    const { width, height } = camera.size
    const around = {
      left: -LABEL_MARGIN_PX,
      top: -LABEL_MARGIN_PX,
      right: width + LABEL_MARGIN_PX,
      bottom: height + LABEL_MARGIN_PX,
    }
    const toCanvas = camera.toCanvas()
    const frame = { colors, highlight, font, scale, toCanvas, width, height }
    this.layers.draw(this.nodesIn(around), this.decoratedEdges(), frame)
    this.onFrame()
  }
}

function newSigma(
  { graph }: SceneGraph,
  container: HTMLElement,
  frame: ProgramFrame,
  isReducedMotion: boolean,
): Sigma {
  const sigma = new Sigma(graph, container, {
    nodeProgramClasses: { node: nodeProgram(frame, false), leaf: nodeProgram(frame, true) },
    edgeProgramClasses: { drop: edgeProgram(frame, 1), trunk: edgeProgram(frame, CURVE_STEPS) },
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
    zoomDuration: isReducedMotion ? 0 : 160,
  })
  sigma.setCustomBBox({ x: [0, SIGMA_BOX_UNITS], y: [0, SIGMA_BOX_UNITS] })
  // Sigma's own handlers read pixels back at each move of the mouse, which waits for the graphics
  // card. The index finds nodes instead.
  const [mouse, touch] = [sigma.getMouseCaptor(), sigma.getTouchCaptor()]
  for (const event of mouse.eventNames()) mouse.removeAllListeners(event)
  for (const event of touch.eventNames()) touch.removeAllListeners(event)
  return sigma
}
