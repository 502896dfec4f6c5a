import { onScopeDispose, type ShallowRef, shallowRef } from 'vue'
import { describeError } from '../api/http'
import { write } from '../stores/writes'
import { formatCounted } from '../utils/format'
import { runAll } from '../utils/runAll'

/** Applies a change to many devices (or links) and reports the progress. Closing the dialog stops it. */
export function useBulkChange(noun: 'device' | 'link' = 'device'): {
  busy: ShallowRef<boolean>
  progress: ShallowRef<number>
  errorText: ShallowRef<string | null>
  run: <T>(items: readonly T[], each: (item: T) => Promise<unknown>) => Promise<T[]>
} {
  const busy = shallowRef(false)
  const progress = shallowRef(0)
  const errorText = shallowRef<string | null>(null)
  let left = false
  onScopeDispose(() => (left = true))

  /** The items that were changed; `errorText` has the first error. */
  async function run<T>(items: readonly T[], each: (item: T) => Promise<unknown>): Promise<T[]> {
    busy.value = true
    progress.value = 0
    errorText.value = null
    const { done, failures } = await runAll(
      items,
      async (item) => {
        await write(() => each(item))
      },
      { progress: (now) => (progress.value = now), stopped: () => left },
    )
    busy.value = false
    const [first] = failures
    if (first !== undefined) {
      const detail = describeError(first.error)
      errorText.value =
        items.length === 1 ? detail : `${formatCounted(failures.length, noun)} not changed: ${detail}`
    }
    return done
  }

  return { busy, progress, errorText, run }
}
