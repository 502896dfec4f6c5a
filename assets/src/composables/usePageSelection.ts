import { onScopeDispose, watchEffect } from 'vue'
import { type PageSelection, pageSelection } from '../stores/selection'

/** Tells Ctrl K what is selected, as long as this page is open. */
export function usePageSelection(selection: () => PageSelection): void {
  let mine: PageSelection | null = null
  watchEffect(() => {
    mine = selection()
    pageSelection.value = mine
  })
  onScopeDispose(() => {
    if (pageSelection.value === mine) pageSelection.value = null
  })
}
