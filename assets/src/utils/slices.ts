/** Longer, and a frame is missed. */
const SLICE_MS = 10

/** Does long work a slice at a time, with room for input and drawing between two slices. */
export async function runInSlices<T>(work: Generator<void, T>): Promise<T> {
  for (;;) {
    const until = performance.now() + SLICE_MS
    do {
      const { done, value } = work.next()
      if (done === true) return value
    } while (performance.now() < until)
    await yieldToBrowser()
  }
}

/** Lets input and drawing have their turn. By a message: a timer would wait for 4 ms, and in a tab that is not seen for a second. */
export function yieldToBrowser(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel()
    port1.onmessage = () => {
      port1.close()
      resolve()
    }
    port2.postMessage(null)
  })
}
