import { type ShallowRef, shallowRef } from 'vue'
import { EditConflictError } from '../api/conditional'
import type { EditConflict } from '../domain/editConflicts'
import { useBulkChange } from './useBulkChange'

/** Saves the edit of a device or link, and collects what someone else has changed meanwhile. */
export function useEntityEdit<T extends object>(
  opened: T,
  noun: 'device' | 'link',
): {
  /** As it was when the dialog opened; after a conflict, with the other person's values. */
  seen: ShallowRef<T>
  conflicts: ShallowRef<readonly EditConflict[]>
  busy: ShallowRef<boolean>
  errorText: ShallowRef<string | null>
  save: (edit: (before: T) => Promise<void>) => Promise<boolean>
  acceptTheirs: () => void
} {
  const seen = shallowRef(opened) as ShallowRef<T>
  const conflicts = shallowRef<readonly EditConflict[]>([])
  const { busy, errorText, run } = useBulkChange(noun)

  /** Returns whether it was saved; else `conflicts` or `errorText` has the reason. */
  async function save(edit: (before: T) => Promise<void>): Promise<boolean> {
    conflicts.value = []
    await run([seen.value], async (before) => {
      try {
        await edit(before)
      } catch (error) {
        if (!(error instanceof EditConflictError)) throw error
        conflicts.value = error.conflicts
      }
    })
    return errorText.value === null && conflicts.value.length === 0
  }

  /** From now on the other person's values count as known. */
  function acceptTheirs(): void {
    const theirs = conflicts.value.map(({ key, theirs }) => [key, theirs] as const)
    seen.value = { ...seen.value, ...Object.fromEntries(theirs) }
    conflicts.value = []
  }

  return { seen, conflicts, busy, errorText, save, acceptTheirs }
}
