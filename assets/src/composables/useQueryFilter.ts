import { shallowRef, type ShallowRef, watch } from 'vue'
import { useRoute, useRouter } from 'vue-router'
import { enqueueStep, isStepping } from '../stores/steps'

/** Typing settles before something is searched. */
const PAUSE_MS = 250

/** How a filter is written in the query of an address. */
export interface QueryFilter<T> {
  read: (search: string) => T
  /** The parts that are set. */
  write: (filter: T) => Record<string, string>
  /** The keys of the query that are the filter's. */
  keys: readonly string[]
}

/** A filter of a page: as it is typed, and as it is searched by. The URL's query holds the latter. */
export function useQueryFilter<T>({ read, write, keys }: QueryFilter<T>): { typed: ShallowRef<T>; applied: Readonly<ShallowRef<T>> } {
  const route = useRoute()
  const router = useRouter()
  const path = route.path
  const typed = shallowRef(read(queryOf(route.fullPath))) as ShallowRef<T>
  const applied = shallowRef(typed.value) as ShallowRef<T>
  let timer: ReturnType<typeof setTimeout> | undefined

  watch(typed, () => {
    clearTimeout(timer)
    timer = setTimeout(apply, PAUSE_MS)
  })
  watch(
    () => route.fullPath,
    (fullPath) => {
      if (isStepping() || route.path !== path) return
      const next = read(queryOf(fullPath))
      if (isSame(next, applied.value)) return
      typed.value = next
      applied.value = next
    },
  )

  function apply(): void {
    if (isSame(typed.value, applied.value)) return
    applied.value = typed.value
    enqueueStep(async () => {
      if (router.currentRoute.value.path !== path) return
      const others = Object.entries(router.currentRoute.value.query).filter(([key]) => !keys.includes(key))
      await router.replace({ query: { ...Object.fromEntries(others), ...write(applied.value) } })
    })
  }

  function isSame(one: T, other: T): boolean {
    return JSON.stringify(write(one)) === JSON.stringify(write(other))
  }

  return { typed, applied }
}

function queryOf(fullPath: string): string {
  return fullPath.split('#')[0]?.split('?')[1] ?? ''
}
