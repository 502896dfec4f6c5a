import type { Look, Rgb } from './colorScheme'

/** What the scene keeps in a node's attributes, ready for the graphics card. */
export interface NodeArt {
  x: number
  y: number
  fill: Rgb
  /** Diameter in world units, and its limits in pixels. */
  size: number
  minPx: number
  maxPx: number
  /** Pixels per world unit: drawn from, drawn until (0: for ever), folded until (0: never). */
  showFrom: number
  hideFrom: number
  foldUntil: number
  /** 0 disc, 1 rounded square, 2 hollow disc, 3 group. */
  shape: number
  icon: number
  /** 0 fine, 1 impaired, 2 out of service. */
  trouble: number
  /** 1, or less when dimmed. */
  strength: number
  downShare: number
  degradedShare: number
}

/** What a frame needs beside the nodes; the programs of one scene share it. */
export interface Frame {
  look: Look
  icons: HTMLCanvasElement | null
  /** Pixels per world unit. */
  scale: number
  /** How far along a traced path the light has come, 0 to 1. */
  lit: number
}
