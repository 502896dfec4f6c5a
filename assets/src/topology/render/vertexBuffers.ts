/**
 * Vertex buffers for sigma's programs. What sigma does itself is too slow without a graphics card:
 * it draws instances, which software renderers draw one by one, and uploads all buffers each frame.
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

/** A band of this many steps as a triangle strip. Its ends are doubled, so that bands can follow each other. */
export function bandCorners(steps: number): [number, number][] {
  const corners: [number, number][] = [[0, -1]]
  for (let step = 0; step <= steps; step += 1) corners.push([step / steps, -1], [step / steps, 1])
  corners.push([1, 1])
  return corners
}

/**
 * Repeats the vertex at `from`, of `stride` floats, for each corner. The corner is the last two.
 */
export function repeatVertex(
  array: Float32Array,
  from: number,
  stride: number,
  corners: readonly (readonly [number, number])[],
): void {
  corners.forEach(([x, y], index) => {
    const to = from + index * stride
    if (index > 0) array.copyWithin(to, from, from + stride - 2)
    array[to + stride - 2] = x
    array[to + stride - 1] = y
  })
}
