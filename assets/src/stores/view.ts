import { reactive, watch } from 'vue'
import type { Router } from 'vue-router'
import { mergeView, readView, type View } from '../utils/viewQuery'

/** Filters, order and the chosen device of this page. The URL's query holds the same. */
export const view = reactive<View>(readView(''))

/** Keeps the URL and the view equal, in both directions. */
export function startView(router: Router): void {
  /** Our own steps under way: an answer to an older one must not undo a newer choice. */
  let replacing = 0
  router.afterEach((to) => {
    if (replacing > 0) return
    Object.assign(view, readView(searchOf(to.fullPath)))
  })
  watch(view, () => {
    const { path, fullPath, hash } = router.currentRoute.value
    const before = searchOf(fullPath)
    const after = mergeView(before, view)
    if (after === before) return
    replacing += 1
    void router.replace(`${path}${after}${hash}`).finally(() => (replacing -= 1))
  })
}

/** Shows a device in the side panel of whatever page is open. */
export function openDevice(id: number): void {
  view.device = id
}

export function clearFilters(): void {
  view.text = ''
  view.type = ''
  view.status = ''
  view.container = null
  view.overridden = false
}

function searchOf(fullPath: string): string {
  const at = fullPath.indexOf('?')
  return at < 0 ? '' : (fullPath.slice(at).split('#')[0] ?? '')
}
