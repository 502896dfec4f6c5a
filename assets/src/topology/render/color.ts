import type { Rgb } from './colorScheme'

const bytes = new Uint8Array(4)
const float = new Float32Array(bytes.buffer)

/** A colour as the four bytes of one float, as vertex buffers hold it. */
export function packColor([red, green, blue]: Rgb): number {
  bytes[0] = red * 255
  bytes[1] = green * 255
  bytes[2] = blue * 255
  // A full alpha byte could make a NaN, which engines may rewrite; the shader takes 254 as full.
  bytes[3] = 254
  return float[0] as number
}
