import { onScopeDispose, type ShallowRef, shallowRef, watch, type WatchSource } from 'vue'

/** Share of the time that re-sorting a storm of changes may take: one part in six. */
const REST_FACTOR = 5
const REST_MS_MIN = 50

/**
 * The ids of the rows that match, in order. Follows the query at once, and the lists as often as
 * their length allows; a row reads its values itself and is never late.
 */
export function useListIds(
  list: () => number[],
  query: () => readonly unknown[],
  lists: WatchSource[],
): Readonly<ShallowRef<number[]>> {
  const ids = shallowRef<number[]>([])
  let timer: ReturnType<typeof setTimeout> | undefined
  let restUntil = 0

  function compute(): void {
    clearTimeout(timer)
    timer = undefined
    const from = performance.now()
    ids.value = list()
    const until = performance.now()
    restUntil = until + Math.max(REST_MS_MIN, (until - from) * REST_FACTOR)
  }

  watch(query, compute)
  watch(lists, () => {
    timer ??= setTimeout(compute, Math.max(0, restUntil - performance.now()))
  })
  onScopeDispose(() => clearTimeout(timer))
  compute()
  return ids
}
