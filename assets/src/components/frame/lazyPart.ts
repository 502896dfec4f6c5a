import { type Component, defineAsyncComponent, h, shallowRef } from 'vue'
import PartMissing from './PartMissing.vue'

/** A faster load shows no loading state. */
const DELAY_MS = 200
/** After this long the part counts as missing; it is still shown if it arrives. */
const FETCH_MS_MAX = 15_000

/**
 * A part that is loaded when it is first shown. Until then, and if it cannot be loaded, a message
 * takes its place; it is retried on request and when the server is back.
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
  // Another key remounts it, which makes Vue fetch it again.
  return { name: 'LazyPart', render: () => h(part, { key: round.value }) } as Component as T
}
