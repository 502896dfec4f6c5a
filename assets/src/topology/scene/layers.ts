import type Sigma from 'sigma'
import { contains, type Point } from '../model/geometry'
import type { TopologyEdge, TopologyModel, TopologyNode } from '../model/graph'
import {
  type ContainerArea,
  containerArea,
  type ContainerTitle,
  drawContainerAreas,
  drawContainerTitles,
} from '../render/containerAreas'
import type { LayerFrame } from '../render/frame'
import { Badges } from '../render/badges'
import { Labels } from '../render/labels'
import { LinkDecorations } from '../render/linkDecorations'
import { NodeDecorations } from '../render/nodeDecorations'

/** The 2D canvases: container areas below sigma's edges, decorations and labels above its nodes. */
export class Layers {
  private readonly labels = new Labels()
  private readonly badges = new Badges()
  private readonly decorations = new NodeDecorations(this.badges)
  private readonly linkDecorations = new LinkDecorations(this.badges)
  private readonly below: CanvasRenderingContext2D | null
  private readonly above: CanvasRenderingContext2D | null
  private areas: ContainerArea[] = []
  private titles: ContainerTitle[] = []

  constructor(sigma: Sigma) {
    // Sigma's types lack the option that its own canvases are placed with.
    const options: { style?: Partial<CSSStyleDeclaration>; beforeLayer: string } = {
      beforeLayer: 'edges',
    }
    sigma.createCanvasContext('containers', options)
    this.below = sigma.getCanvases()['containers']?.getContext('2d') ?? null
    this.above = sigma.getCanvases()['labels']?.getContext('2d') ?? null
  }

  replace(model: TopologyModel): void {
    this.areas = model.containers.flatMap((container) => containerArea(container) ?? [])
  }

  /** Updates the area of a container after a member has moved. */
  updateArea(container: TopologyNode): void {
    const index = this.areas.findIndex((area) => area.container === container)
    const area = containerArea(container)
    if (index >= 0 && area !== null) this.areas[index] = area
  }

  /** Draws everything for these nodes and edges. */
  draw(nodes: readonly TopologyNode[], edges: Iterable<TopologyEdge>, frame: LayerFrame): void {
    const { below, above } = this
    if (below !== null) {
      below.clearRect(0, 0, frame.width, frame.height)
      this.titles = drawContainerAreas(below, this.areas, frame)
    }
    // Sigma has cleared its own layer already.
    if (above === null) return
    this.linkDecorations.draw(above, edges, frame)
    for (const node of nodes) this.decorations.draw(above, node, frame)
    drawContainerTitles(above, this.titles, frame)
    this.labels.draw(above, nodes, frame, this.titles.map(({ box }) => box))
  }

  /** The container whose title is at a point of the canvas. */
  titleAt(point: Point): TopologyNode | null {
    return this.titles.find(({ box }) => contains(box, point))?.container ?? null
  }

  /** The expanded container whose area a world point is in. `scale`: pixels per world unit. */
  containerAt(point: Point, scale: number): TopologyNode | null {
    const area = this.areas.find(
      ({ container, world }) => scale >= container.expandScale && contains(world, point),
    )
    return area?.container ?? null
  }
}
