/**
 * Vertex buffers for sigma's programs. Two costs of its own way are too high without a graphics
 * card: software renderers draw instances one by one, and it uploads every buffer in each frame.
 */

/** The corners of a square, as two triangles. */
export const SQUARE: readonly (readonly [number, number])[] = [
  [-1, -1],
  [1, -1],
  [-1, 1],
  [-1, 1],
  [1, -1],
  [1, 1],
]

/** A band in so many steps, as a strip; its ends are doubled, so that bands can follow each other. */
export function bandCorners(steps: number): [number, number][] {
  const corners: [number, number][] = [[0, -1]]
  for (let step = 0; step <= steps; step += 1) corners.push([step / steps, -1], [step / steps, 1])
  corners.push([1, 1])
  return corners
}

/**
 * Repeats the vertex at `from` for each corner; the corner is its last two numbers.
 * Returns nothing: the array holds it.
 */
export function repeatVertex(
  array: Float32Array,
  from: number,
  stride: number,
  corners: readonly (readonly [number, number])[],
): void {
  corners.forEach(([x, y], at) => {
    const to = from + at * stride
    if (at > 0) array.copyWithin(to, from, from + stride - 2)
    array[to + stride - 2] = x
    array[to + stride - 1] = y
  })
}
