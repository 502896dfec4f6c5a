import { reactive, watch } from 'vue'
import { readView, type View, writeView } from '../utils/viewQuery'

/** Filters, order and the open device of this page. */
export const view = reactive<View>(readView(location.search))

/** Keeps the URL and the view equal, in both directions. */
export function startView(): void {
  window.addEventListener('popstate', () => Object.assign(view, readView(location.search)))
  watch(view, () => {
    const query = writeView(view)
    // A bare `?…` would be resolved against the page's base, not against its address.
    if (query !== location.search) history.replaceState(null, '', location.pathname + query)
  })
}

export function clearFilters(): void {
  view.text = ''
  view.type = ''
  view.status = ''
}
