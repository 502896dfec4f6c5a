import { reactive, watch } from 'vue'
import type { Router } from 'vue-router'
import { enqueueStep, goBack, isStepping, startSteps } from './steps'
import { mergeView, readView, type View } from './viewQuery'

/** Filters, order and the chosen device or link of this page. The URL's query holds the same. */
export const view = reactive<View>(readView(''))

/** The change under way is a step of its own in the browser's history. */
let isStep = false

/** Keeps the URL and the view equal, in both directions. */
export function startView(router: Router): void {
  startSteps(router)
  router.afterEach((to) => {
    // An answer to an older step of our own must not undo a newer choice.
    if (isStepping()) return
    Object.assign(view, readView(searchOf(to.fullPath)))
  })
  watch(view, () => {
    const pushes = isStep
    isStep = false
    enqueueStep(() => follow(router, pushes))
  })
}

/** Shows a device in the side panel of whatever page is open. The browser's Back closes it. */
export function openDevice(id: number): void {
  if (view.device === id) return
  isStep = true
  view.device = id
  view.link = null
}

/** Shows a link in the side panel, as `openDevice` does a device. */
export function openLink(id: number): void {
  if (view.link === id) return
  isStep = true
  view.link = id
  view.device = null
}

export function closePanel(): void {
  view.device = null
  view.link = null
}

export function clearFilters(): void {
  view.text = ''
  view.type = ''
  view.status = ''
  view.container = null
  view.olt = null
  view.pon = null
  view.splitter = null
  view.medium = ''
  view.overridden = false
  view.uncertain = false
  view.behind = ''
}

/** Brings the URL to the view. */
async function follow(router: Router, pushes: boolean): Promise<void> {
  const to = urlOfView(router)
  if (to === null) return
  if (pushes) {
    await router.push(to)
    return
  }
  if (leadsBackTo(router, to)) await goBack(router)
  // The entry before was perhaps replaced since this one was made.
  const still = urlOfView(router)
  if (still !== null) await router.replace(still)
}

/** The URL of the view; null when it is the present one. */
function urlOfView(router: Router): string | null {
  const { path, fullPath, hash } = router.currentRoute.value
  const before = searchOf(fullPath)
  const after = mergeView(before, view)
  return after === before ? null : `${path}${after}${hash}`
}

/** Whether the entry before this one is the same: another one would make Back do nothing. */
function leadsBackTo(router: Router, to: string): boolean {
  const state: unknown = history.state
  if (typeof state !== 'object' || state === null || !('back' in state)) return false
  return typeof state.back === 'string' && router.resolve(state.back).fullPath === router.resolve(to).fullPath
}

function searchOf(fullPath: string): string {
  const at = fullPath.indexOf('?')
  return at < 0 ? '' : (fullPath.slice(at).split('#')[0] ?? '')
}
