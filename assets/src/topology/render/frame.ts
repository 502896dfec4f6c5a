import type { Appearance } from './style'

/** What the programs of a scene read beside nodes and edges. */
export interface ProgramFrame extends Appearance {
  icons: HTMLCanvasElement | null
  /** Pixels per world unit. */
  scale: number
  /** How far the animation of a traced path is, 0 to 1. */
  traceProgress: number
}

/** What the 2D layers (labels, decorations, container areas) are drawn with. */
export interface LayerFrame extends Appearance {
  /** Font family. */
  font: string
  /** Pixels per world unit. */
  scale: number
  /** Where a world point is on the canvas. */
  toCanvas: (x: number, y: number) => [x: number, y: number]
  /** Pixels of the canvas. */
  width: number
  height: number
}
