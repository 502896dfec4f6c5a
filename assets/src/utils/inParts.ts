/** A list in parts of at most `max`, in their order. */
export function inParts<T>(list: readonly T[], max: number): T[][] {
  return Array.from({ length: Math.ceil(list.length / max) }, (_, at) => list.slice(at * max, (at + 1) * max))
}
