import { shallowRef } from 'vue'

/** Whether the search over devices, links, pages and actions is open. */
export const isSearchOpen = shallowRef(false)

export function openSearch(): void {
  isSearchOpen.value = true
}

/** Whether the list of keys is open. */
export const areKeysShown = shallowRef(false)
