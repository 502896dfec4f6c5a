import { computed, shallowRef, triggerRef } from 'vue'
import { devices } from './devices'

/** The devices that are ticked, for bulk actions. What is deleted elsewhere falls out. */
const ticked = shallowRef(new Set<number>())
/** Where the last single tick was, for ranges. */
let anchor: number | null = null

export const selection = computed(() => {
  const alive = [...ticked.value].filter((id) => devices.value.has(id))
  return new Set(alive)
})

export function toggleSelected(id: number): void {
  if (!ticked.value.delete(id)) ticked.value.add(id)
  anchor = id
  triggerRef(ticked)
}

/** Ticks everything from the last single tick to this one. */
export function selectRange(ids: readonly number[], to: number): void {
  const [from, end] = [ids.indexOf(anchor ?? to), ids.indexOf(to)]
  if (from < 0 || end < 0) return toggleSelected(to)
  for (const id of ids.slice(Math.min(from, end), Math.max(from, end) + 1)) ticked.value.add(id)
  triggerRef(ticked)
}

export function selectAll(ids: readonly number[]): void {
  ticked.value = new Set(ids)
}

export function selectNone(): void {
  anchor = null
  ticked.value = new Set()
}
