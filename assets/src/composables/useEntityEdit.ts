import { computed, type ComputedRef, type ShallowRef, shallowRef } from 'vue'
import { type EditConflict, withTheirs } from '../domain/editConflicts'
import { useBulkChange } from './useBulkChange'

/** Saves the edit of a device or link, and collects what someone else has changed meanwhile. */
export function useEntityEdit<T extends object>(
  opened: T,
  noun: 'device' | 'link',
): {
  /** As it was when the dialog opened; after a conflict, with the other person's values. */
  seen: ShallowRef<T>
  conflicts: ComputedRef<readonly EditConflict[]>
  busy: ShallowRef<boolean>
  errorText: ShallowRef<string | null>
  save: (edit: (before: T) => Promise<void>) => Promise<boolean>
  acceptTheirs: () => void
} {
  const seen = shallowRef(opened) as ShallowRef<T>
  const { busy, errorText, conflicted, run, isDone } = useBulkChange<T>(noun)
  const conflicts = computed(() => conflicted.value[0]?.conflicts ?? [])

  /** Returns whether it was saved; else `conflicts` or `errorText` has the reason. */
  async function save(edit: (before: T) => Promise<void>): Promise<boolean> {
    await run([seen.value], edit)
    return isDone()
  }

  /** From now on the other person's values count as known. */
  function acceptTheirs(): void {
    seen.value = withTheirs(seen.value, conflicts.value)
    conflicted.value = []
  }

  return { seen, conflicts, busy, errorText, save, acceptTheirs }
}
