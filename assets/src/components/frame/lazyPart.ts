import { type Component, defineAsyncComponent, h, shallowRef } from 'vue'
import PartMissing from './PartMissing.vue'

/** Below this, what is not there yet needs no word. */
const DELAY_MS = 200
/** A part that is still on the way by then is taken for one that does not arrive; it is shown if it does. */
const FETCH_MS_MAX = 15_000

/**
 * A part that is fetched when it is first shown. Until then, and where it cannot be fetched, it
 * says so in its place, and tries again when asked and when the server is back.
 */
export function lazyPart<T extends Component>(load: () => Promise<{ default: T }>, title = ''): T {
  const round = shallowRef(0)
  const part = defineAsyncComponent({
    loader: load,
    delay: DELAY_MS,
    timeout: FETCH_MS_MAX,
    loadingComponent: { render: () => h(PartMissing, { title, isLoading: true }) },
    errorComponent: {
      inheritAttrs: false,
      render: () => h(PartMissing, { title, onRetry: () => (round.value += 1) }),
    },
  })
  // Another key mounts it anew, which is what makes Vue fetch it again.
  return { name: 'LazyPart', render: () => h(part, { key: round.value }) } as Component as T
}
