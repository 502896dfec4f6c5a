import { shallowRef, type ShallowRef, watch } from 'vue'
import { useRoute, useRouter } from 'vue-router'
import type { LogFilter } from '../api/logs'
import { readLogFilter, writeLogFilter } from '../domain/logLines'
import { enqueueStep, isStepping } from '../stores/steps'

/** Typing settles before the log is searched. */
const PAUSE_MS = 250

/** The filter of the log: as it is typed, and as the lines are searched by it. The URL's query holds the latter. */
export function useLogFilter(): { typed: ShallowRef<LogFilter>; applied: Readonly<ShallowRef<LogFilter>> } {
  const route = useRoute()
  const router = useRouter()
  const path = route.path
  const typed = shallowRef(readLogFilter(queryOf(route.fullPath)))
  const applied = shallowRef(typed.value)
  let timer: ReturnType<typeof setTimeout> | undefined

  watch(typed, () => {
    clearTimeout(timer)
    timer = setTimeout(apply, PAUSE_MS)
  })
  watch(
    () => route.fullPath,
    (fullPath) => {
      if (isStepping() || route.path !== path) return
      const read = readLogFilter(queryOf(fullPath))
      if (isSame(read, applied.value)) return
      typed.value = read
      applied.value = read
    },
  )

  function apply(): void {
    if (isSame(typed.value, applied.value)) return
    applied.value = typed.value
    enqueueStep(async () => {
      if (router.currentRoute.value.path !== path) return
      const { level, module, text, request, ...others } = router.currentRoute.value.query
      await router.replace({ query: { ...others, ...writeLogFilter(applied.value) } })
    })
  }

  return { typed, applied }
}

function queryOf(fullPath: string): string {
  return fullPath.split('#')[0]?.split('?')[1] ?? ''
}

function isSame(one: LogFilter, other: LogFilter): boolean {
  return JSON.stringify(writeLogFilter(one)) === JSON.stringify(writeLogFilter(other))
}
