/** Requests under way at once: more would crowd out the page's own reads. */
const AT_ONCE = 6

export interface Failure<T> {
  item: T
  error: unknown
}

export interface RunCallbacks {
  /** Called after each item. */
  progress: (done: number) => void
  /** Asked before each item; true ends the run early. */
  stopped: () => boolean
}

/** Does something for each item, a few at a time; goes on after a failure and reports them. */
export async function runAll<T>(
  items: readonly T[],
  each: (item: T) => Promise<void>,
  ports: RunCallbacks,
): Promise<{ done: T[]; failures: Failure<T>[] }> {
  const failures: Failure<T>[] = []
  const done: T[] = []
  let next = 0
  async function worker(): Promise<void> {
    while (next < items.length && !ports.stopped()) {
      const item = items[next] as T
      next += 1
      try {
        await each(item)
        done.push(item)
      } catch (error) {
        failures.push({ item, error })
      }
      ports.progress(done.length + failures.length)
    }
  }
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, items.length) }, worker))
  return { done, failures }
}
