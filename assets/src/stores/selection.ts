import { computed, type ComputedRef, shallowRef, triggerRef } from 'vue'
import { devices } from './devices'
import { links } from './links'

/** The rows of a list that are ticked, for bulk actions. What is deleted elsewhere falls out. */
export interface ListSelection {
  ids: ComputedRef<ReadonlySet<number>>
  toggle: (id: number) => void
  /** Ticks everything from the last single tick to this one. */
  selectRange: (ids: readonly number[], to: number) => void
  selectAll: (ids: readonly number[]) => void
  selectNone: () => void
}

/** What is selected on the page that is open: ticked rows, or what is chosen on the topology. */
export interface PageSelection {
  deviceIds: readonly number[]
  linkIds: readonly number[]
}

/** Null on a page where nothing can be selected. Set by `usePageSelection`. */
export const pageSelection = shallowRef<PageSelection | null>(null)

export const deviceSelection = createSelection((id) => devices.value.has(id))
export const linkSelection = createSelection((id) => links.value.has(id))

function createSelection(exists: (id: number) => boolean): ListSelection {
  const ticked = shallowRef(new Set<number>())
  /** Where the last single tick was, for ranges. */
  let anchor: number | null = null

  function toggle(id: number): void {
    if (!ticked.value.delete(id)) ticked.value.add(id)
    anchor = id
    triggerRef(ticked)
  }

  function selectRange(ids: readonly number[], to: number): void {
    const [from, end] = [ids.indexOf(anchor ?? to), ids.indexOf(to)]
    if (from < 0 || end < 0) return toggle(to)
    for (const id of ids.slice(Math.min(from, end), Math.max(from, end) + 1)) ticked.value.add(id)
    triggerRef(ticked)
  }

  function selectAll(ids: readonly number[]): void {
    ticked.value = new Set(ids)
  }

  function selectNone(): void {
    anchor = null
    ticked.value = new Set()
  }

  return { ids: computed(() => new Set([...ticked.value].filter(exists))), toggle, selectRange, selectAll, selectNone }
}
