import { shallowRef } from 'vue'

/** The selected devices, by id. */
export function useSelection() {
  const selectedIds = shallowRef<ReadonlySet<number>>(new Set())

  function select(ids: Iterable<number>): void {
    selectedIds.value = new Set(ids)
  }

  function toggle(id: number): void {
    const next = new Set(selectedIds.value)
    if (!next.delete(id)) next.add(id)
    selectedIds.value = next
  }

  function isSelected(id: number): boolean {
    return selectedIds.value.has(id)
  }

  /** The device that was selected first; null without a selection. */
  function firstId(): number | null {
    const [first] = selectedIds.value
    return first ?? null
  }

  /** The selected device; null unless it is the only one. */
  function onlyId(): number | null {
    return selectedIds.value.size === 1 ? firstId() : null
  }

  return { selectedIds, select, toggle, isSelected, firstId, onlyId }
}

export type Selection = ReturnType<typeof useSelection>
