import { onScopeDispose, type ShallowRef, shallowRef, watch } from 'vue'
import { devices } from '../stores/devices'
import { listDevices, type ListQuery } from '../domain/deviceList'

/** Share of the time that re-sorting a storm of changes may take: one part in six. */
const REST_FACTOR = 5
const REST_MS_MIN = 50

/**
 * The ids of the devices that match, in order. Follows the query at once, and the devices as
 * often as their number allows; a row reads its values itself and is never late.
 */
export function useDeviceIds(query: ListQuery): Readonly<ShallowRef<number[]>> {
  const ids = shallowRef<number[]>([])
  let timer: ReturnType<typeof setTimeout> | undefined
  let restUntil = 0

  function compute(): void {
    clearTimeout(timer)
    timer = undefined
    const from = performance.now()
    ids.value = listDevices(devices.value, query)
    const until = performance.now()
    restUntil = until + Math.max(REST_MS_MIN, (until - from) * REST_FACTOR)
  }

  watch(
    () => [
      query.text,
      query.type,
      query.status,
      query.container,
      query.overridden,
      query.sort,
      query.descending,
    ],
    compute,
  )
  watch(devices, () => {
    timer ??= setTimeout(compute, Math.max(0, restUntil - performance.now()))
  })
  onScopeDispose(() => clearTimeout(timer))
  compute()
  return ids
}
