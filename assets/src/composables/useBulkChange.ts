import { onScopeDispose, type ShallowRef, shallowRef } from 'vue'
import { EditConflictError } from '../api/conditional'
import { describeError } from '../api/http'
import type { EditConflict } from '../domain/editConflicts'
import { write } from '../stores/writes'
import { formatCounted } from '../utils/format'
import { runAll } from '../utils/runAll'

/** An item that someone else has changed meanwhile. */
export interface Conflicted<T> {
  item: T
  conflicts: readonly EditConflict[]
}

export interface BulkChange<T> {
  busy: ShallowRef<boolean>
  progress: ShallowRef<number>
  errorText: ShallowRef<string | null>
  conflicted: ShallowRef<readonly Conflicted<T>[]>
  /** Returns the items that were changed; `errorText` has the first error, `conflicted` the conflicts. */
  run: (items: readonly T[], each: (item: T) => Promise<unknown>) => Promise<T[]>
  /** Whether the last run changed all. */
  isDone: () => boolean
}

/** Applies a change to many devices (or links) and reports the progress. Closing the dialog stops it. */
export function useBulkChange<T>(noun: 'device' | 'link' = 'device'): BulkChange<T> {
  const busy = shallowRef(false)
  const progress = shallowRef(0)
  const errorText = shallowRef<string | null>(null)
  const conflicted = shallowRef<readonly Conflicted<T>[]>([])
  let left = false
  onScopeDispose(() => (left = true))

  async function run(items: readonly T[], each: (item: T) => Promise<unknown>): Promise<T[]> {
    busy.value = true
    progress.value = 0
    errorText.value = null
    conflicted.value = []
    const { done, failures } = await runAll(
      items,
      async (item) => {
        await write(() => each(item))
      },
      { progress: (now) => (progress.value = now), stopped: () => left },
    )
    busy.value = false
    conflicted.value = failures.flatMap(({ item, error }) =>
      error instanceof EditConflictError ? [{ item, conflicts: error.conflicts }] : [],
    )
    const others = failures.filter(({ error }) => !(error instanceof EditConflictError))
    const [first] = others
    if (first !== undefined) {
      const detail = describeError(first.error)
      errorText.value =
        items.length === 1 ? detail : `${formatCounted(others.length, noun)} not changed: ${detail}`
    }
    return done
  }

  const isDone = (): boolean => errorText.value === null && conflicted.value.length === 0
  return { busy, progress, errorText, conflicted, run, isDone }
}
