import { onScopeDispose, type ShallowRef, shallowRef, watch } from 'vue'
import { describeError } from '../api/http'
import { fetchDevicePorts } from '../api/ports'
import type { DevicePorts } from '../api/types'

/** Several ports change at once; one request covers them. */
const PAUSE_MS = 200

export type DevicePortsState =
  | { phase: 'loading' }
  | { phase: 'ready'; value: DevicePorts }
  | { phase: 'failed'; detail: string }

/** The ports of a device; null asks for none. Loaded again when `version` changes. */
export function useDevicePorts(
  deviceId: () => number | null,
  version: () => unknown = () => null,
): { state: Readonly<ShallowRef<DevicePortsState>>; reload: () => Promise<void> } {
  const state = shallowRef<DevicePortsState>({ phase: 'loading' })
  let timer: ReturnType<typeof setTimeout> | undefined
  /** Grows with every request: the answer to an older one is dropped. */
  let round = 0

  async function reload(): Promise<void> {
    clearTimeout(timer)
    round += 1
    const [mine, id] = [round, deviceId()]
    if (id === null) return
    let next: DevicePortsState
    try {
      next = { phase: 'ready', value: await fetchDevicePorts(id) }
    } catch (error) {
      next = { phase: 'failed', detail: describeError(error) }
    }
    if (mine === round) state.value = next
  }

  watch(
    deviceId,
    () => {
      state.value = { phase: 'loading' }
      void reload()
    },
    { immediate: true },
  )
  watch(version, () => {
    clearTimeout(timer)
    timer = setTimeout(() => void reload(), PAUSE_MS)
  })
  onScopeDispose(() => {
    clearTimeout(timer)
    round += 1
  })
  return { state, reload }
}
