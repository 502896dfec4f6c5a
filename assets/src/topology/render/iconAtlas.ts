import type { DeviceType } from '../../api/types'
import { DEVICE_TYPES } from '../../domain/deviceTypes'
import { DEVICE_ICONS } from '../../domain/deviceIcons'

/** Cells of the icon texture in each direction; a power of two, as mipmaps need it. */
export const ATLAS_CELLS = 4
const CELL_PX = 128
/** Free space around each icon, so that its neighbours do not show when minified. */
const MARGIN_PX = 8

/** The cell of each device type. */
export const ICON_CELLS = Object.fromEntries(
  DEVICE_TYPES.map((type, index) => [type, index]),
) as Record<DeviceType, number>

/** Drawn once for the page. */
let atlas: Promise<HTMLCanvasElement> | null = null

/** All device icons, white on transparent, as one texture. */
export function iconAtlas(): Promise<HTMLCanvasElement> {
  atlas ??= draw()
  return atlas
}

async function draw(): Promise<HTMLCanvasElement> {
  const size = ATLAS_CELLS * CELL_PX
  const scale = (CELL_PX - 2 * MARGIN_PX) / 24
  const cells = DEVICE_TYPES.map((type) => {
    const cell = ICON_CELLS[type]
    const x = (cell % ATLAS_CELLS) * CELL_PX + MARGIN_PX
    const y = Math.floor(cell / ATLAS_CELLS) * CELL_PX + MARGIN_PX
    return `<g transform="translate(${x} ${y}) scale(${scale})">${DEVICE_ICONS[type]}</g>`
  })
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${size}" height="${size}" fill="none" stroke="#fff" stroke-width="1.9" stroke-linecap="round" stroke-linejoin="round">${cells.join('')}</svg>`
  const image = new Image(size, size)
  image.src = `data:image/svg+xml,${encodeURIComponent(svg)}`
  await image.decode()
  const canvas = document.createElement('canvas')
  canvas.width = size
  canvas.height = size
  canvas.getContext('2d')?.drawImage(image, 0, 0)
  return canvas
}
