import type { Device, Link } from '../api/types'
import { deviceState } from '../domain/states'
import { runInSlices } from '../utils/slices'
import { buildModel } from './model/buildModel'
import { type LayoutInput, layoutInput, type LayoutResult, type NetworkLists } from './model/computeLayout'
import {
  addToCounts,
  refreshEdge,
  type TopologyEdge,
  type TopologyModel,
  type TopologyNode,
} from './model/graph'
import { centerContainer } from './model/levelOfDetail'
import { confirmPosition, unsavedPositions } from './positions'
import type { Scene } from './scene/scene'

/** Milliseconds per frame for changes; the rest is for drawing and input. */
const SLICE_MS = 9
/** After a rebuild, the next one waits this many times as long as it took. */
const REBUILD_PAUSE_FACTOR = 1

/** The page that shows the model. */
export interface Viewer {
  scene(): Scene | null
  /** Called with a model that replaces the one before. */
  replaced(model: TopologyModel): void
}

/** A new model that waits for the end of a drag, and the unsaved positions it was built with. */
interface BuiltModel {
  model: TopologyModel
  positions: ReadonlyMap<number, unknown>
}

/** What changed in a slice. */
interface Changes {
  nodes: Set<TopologyNode>
  moved: Set<TopologyNode>
  edges: Set<TopologyEdge>
}

/**
 * Keeps the model, and the scene that draws it, equal to the lists. Changed devices and links are
 * applied in slices, one per frame. When devices or links come or go, a new model is built beside
 * the old one and replaces it. The model is kept while there is no viewer.
 */
export class SceneSync {
  /** The model that is shown; null before the first one. */
  model: TopologyModel | null = null
  private viewer: Viewer | null = null
  private changedDevices: Device[] = []
  private changedLinks: Link[] = []
  private frame = 0
  private timer: ReturnType<typeof setTimeout> | undefined
  /** The lists have changed since they were compared with the model. */
  private needsCompare = false
  private needsRebuild = true
  private isBuilding = false
  private isDragging = false
  private pausedUntil = 0
  private built: BuiltModel | null = null

  constructor(
    private readonly lists: () => NetworkLists,
    private readonly runLayout: (input: LayoutInput) => Promise<LayoutResult>,
  ) {}

  /** Follows the lists for a viewer from now on. Applies first what changed without one. */
  open(viewer: Viewer): void {
    this.viewer = viewer
    if (this.model !== null) this.catchUp(this.model)
    this.listsChanged()
  }

  close(): void {
    this.viewer = null
    this.isDragging = false
    cancelAnimationFrame(this.frame)
    this.frame = 0
    clearTimeout(this.timer)
  }

  listsChanged(): void {
    this.needsCompare = true
    this.schedule()
  }

  /** Unsaved positions have changed: the model is rebuilt without a pause. */
  positionsChanged(): void {
    this.needsRebuild = true
    this.pausedUntil = 0
    this.listsChanged()
  }

  /** Until the drag ends, the model is not replaced and its nodes are not moved. */
  startDrag(): void {
    this.isDragging = true
  }

  /** `save` stores the new positions before a model that is waiting replaces the present one. */
  endDrag(save: () => void): void {
    save()
    this.isDragging = false
    this.install()
    this.listsChanged()
  }

  private schedule(): void {
    if (this.viewer !== null) this.frame ||= requestAnimationFrame(() => this.step())
  }

  private step(): void {
    this.frame = 0
    if (this.model !== null && this.needsCompare) this.compare(this.model)
    this.needsCompare = false
    if (this.needsRebuild && !this.isDragging && !this.isBuilding) {
      const pause = this.pausedUntil - performance.now()
      clearTimeout(this.timer)
      if (pause <= 0) void this.rebuild()
      else this.timer = setTimeout(() => this.schedule(), pause)
    }
    if (this.model !== null) this.applyChanges(this.model, SLICE_MS)
    if (this.changedDevices.length + this.changedLinks.length > 0) this.schedule()
  }

  private catchUp(model: TopologyModel): void {
    this.compare(model)
    this.applyChanges(model, Infinity)
  }

  /** Finds what changed. The lists keep the objects of unchanged devices and links. */
  private compare({ nodes, links: drawnLinks }: TopologyModel): void {
    const { devices, links } = this.lists()
    this.needsCompare = false
    this.changedDevices = []
    this.changedLinks = []
    if (devices.size !== nodes.size || links.size !== drawnLinks.size) this.requestRebuild()
    for (const device of devices.values()) {
      const node = nodes.get(device.id)
      if (node === undefined) this.requestRebuild()
      else if (node.device !== device) this.changedDevices.push(device)
    }
    for (const link of links.values()) {
      const before = drawnLinks.get(link.id)
      if (before === link) continue
      const hasSameEnds =
        before?.a_interface_id === link.a_interface_id &&
        before.b_interface_id === link.b_interface_id
      if (hasSameEnds) this.changedLinks.push(link)
      else this.requestRebuild()
    }
  }

  /** A model that is being built needs no other one: it is compared with the lists when it is ready. */
  private requestRebuild(): void {
    if (!this.isBuilding) this.needsRebuild = true
  }

  private async rebuild(): Promise<void> {
    const from = performance.now()
    this.needsRebuild = false
    this.isBuilding = true
    try {
      this.built = await this.build()
    } finally {
      this.isBuilding = false
    }
    const until = performance.now()
    // Without a pause if unsaved positions have changed in the meantime.
    if (!this.needsRebuild) this.pausedUntil = until + (until - from) * REBUILD_PAUSE_FACTOR
    this.install()
  }

  private async build(): Promise<BuiltModel> {
    const { devices, links, deviceOfPort } = this.lists()
    const [deviceList, linkList] = [[...devices.values()], [...links.values()]]
    const positions = new Map(unsavedPositions)
    const input = await runInSlices(layoutInput(deviceList, linkList, deviceOfPort, positions))
    const layout = await this.runLayout(input)
    const model = await runInSlices(buildModel(deviceList, linkList, layout))
    return { model, positions }
  }

  /** Shows the new model, with the changes since its build began. */
  private install(): void {
    if (this.built === null || this.isDragging) return
    const { model, positions } = this.built
    this.built = null
    for (const [id, point] of unsavedPositions) {
      const node = model.nodes.get(id)
      if (node === undefined || positions.get(id) === point) continue
      Object.assign(node, point, { isUnplaced: false })
    }
    this.model = model
    this.catchUp(model)
    this.viewer?.replaced(model)
    this.schedule()
  }

  private applyChanges(model: TopologyModel, ms: number): void {
    const until = performance.now() + ms
    const changes: Changes = { nodes: new Set(), moved: new Set(), edges: new Set() }
    while (performance.now() < until) {
      const device = this.changedDevices.pop()
      const link = device === undefined ? this.changedLinks.pop() : undefined
      if (device !== undefined) this.applyDevice(model, device, changes)
      else if (link !== undefined) applyLink(model, link, changes)
      else break
    }
    const { nodes, moved, edges } = changes
    for (const edge of edges) refreshEdge(edge)
    const scene = this.viewer?.scene() ?? null
    if (scene === null || scene.model !== model) {
      for (const container of new Set([...moved].map(({ container }) => container))) {
        if (container !== null) centerContainer(container)
      }
      return
    }
    if (nodes.size + edges.size > 0) scene.refresh(nodes, edges)
    if (moved.size > 0) scene.nodesMoved(moved)
  }

  private applyDevice({ nodes }: TopologyModel, device: Device, changes: Changes): void {
    const node = nodes.get(device.id)
    if (node === undefined) return
    const before = node.device
    if (
      before.parent_container_id !== device.parent_container_id ||
      before.device_type !== device.device_type
    ) {
      this.requestRebuild()
    }
    addToCounts(node, before, -1)
    addToCounts(node, device, 1)
    node.device = device
    confirmPosition(device)
    for (const each of [node, node.groupHead, node.container]) {
      if (each !== null) changes.nodes.add(each)
    }
    const hasWorkChanged = (deviceState(before) === 'PLANNED_WORK') !== (deviceState(device) === 'PLANNED_WORK')
    if (hasWorkChanged || before.signal?.class !== device.signal?.class || before.lifecycle !== device.lifecycle) {
      for (const edge of node.edges) changes.edges.add(edge)
    }
    const hasMoved = before.x !== device.x || before.y !== device.y
    if (!hasMoved || unsavedPositions.has(device.id) || node.role === 'container') return
    if (this.isDragging) {
      this.needsRebuild = true
      return
    }
    node.isUnplaced = false
    node.x = device.x
    node.y = device.y
    changes.moved.add(node)
  }
}

function applyLink({ links, edgeOfLink }: TopologyModel, link: Link, { edges }: Changes): void {
  links.set(link.id, link)
  const edge = edgeOfLink.get(link.id)
  if (edge === undefined) return
  const index = edge.links.findIndex(({ id }) => id === link.id)
  if (index >= 0) edge.links[index] = link
  edges.add(edge)
}
