/** As much of a text as fits into a width in pixels, with an ellipsis where it is cut. */
export function truncateText(
  context: CanvasRenderingContext2D,
  text: string,
  width: number,
): string {
  if (context.measureText(text).width <= width) return text
  const letters = [...text]
  let [low, high] = [0, letters.length]
  while (low < high) {
    const middle = (low + high + 1) >> 1
    const part = `${letters.slice(0, middle).join('')}…`
    if (context.measureText(part).width <= width) low = middle
    else high = middle - 1
  }
  return `${letters.slice(0, low).join('')}…`
}
