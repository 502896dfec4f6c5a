import { shallowRef } from 'vue'

/** The selected devices and links, by id. */
export function useSelection() {
  const selectedIds = shallowRef<ReadonlySet<number>>(new Set())
  const selectedLinkIds = shallowRef<ReadonlySet<number>>(new Set())

  function select(ids: Iterable<number>, linkIds: Iterable<number> = []): void {
    selectedIds.value = new Set(ids)
    selectedLinkIds.value = new Set(linkIds)
  }

  function toggle(id: number): void {
    const next = new Set(selectedIds.value)
    if (!next.delete(id)) next.add(id)
    selectedIds.value = next
  }

  /** Adds links, or removes them if all of them are selected. */
  function toggleLinks(ids: readonly number[]): void {
    const next = new Set(selectedLinkIds.value)
    const areSelected = ids.every((id) => next.has(id))
    for (const id of ids) {
      if (areSelected) next.delete(id)
      else next.add(id)
    }
    selectedLinkIds.value = next
  }

  function isSelected(id: number): boolean {
    return selectedIds.value.has(id)
  }

  function isEmpty(): boolean {
    return selectedIds.value.size + selectedLinkIds.value.size === 0
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

  /** The selected link; null unless nothing else is selected. */
  function onlyLinkId(): number | null {
    const [first] = selectedLinkIds.value
    return selectedIds.value.size === 0 && selectedLinkIds.value.size === 1 ? (first ?? null) : null
  }

  return { selectedIds, selectedLinkIds, select, toggle, toggleLinks, isSelected, isEmpty, firstId, onlyId, onlyLinkId }
}

export type Selection = ReturnType<typeof useSelection>
