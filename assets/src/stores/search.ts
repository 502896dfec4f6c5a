import { shallowRef } from 'vue'

/** Whether the search over devices, links, pages and actions is open. */
export const isSearchOpen = shallowRef(false)

export function openSearch(): void {
  isSearchOpen.value = true
}
