import { shallowRef } from 'vue'
import { fetchInterfaces } from '../api/devices'
import { describeError } from '../api/http'
import type { Interface } from '../api/types'
import type { ChangeItem } from '../live/types'

/** The interfaces of the device whose panel is open. */
export type InterfaceState =
  | { phase: 'loading' }
  | { phase: 'ready'; list: Interface[] }
  | { phase: 'failed'; detail: string }

export const interfaces = shallowRef<InterfaceState>({ phase: 'loading' })

let deviceId: number | null = null
/** Grows with every load: an answer to an older one is dropped. */
let round = 0

export async function loadInterfacesOf(id: number): Promise<void> {
  if (id !== deviceId) interfaces.value = { phase: 'loading' }
  deviceId = id
  await reloadInterfaces()
}

export async function reloadInterfaces(): Promise<void> {
  if (deviceId === null) return
  round += 1
  const mine = round
  try {
    const list = await fetchInterfaces(deviceId)
    if (mine === round) interfaces.value = { phase: 'ready', list }
  } catch (error) {
    if (mine === round) interfaces.value = { phase: 'failed', detail: describeError(error) }
  }
}

export function clearInterfaces(): void {
  deviceId = null
  round += 1
}

export function applyInterfaceChanges(items: ChangeItem[]): void {
  const ours = items.filter((item) => item.kind === 'interface').filter(concerns)
  if (ours.length === 0) return
  if (interfaces.value.phase !== 'ready') {
    // The answer under way may be older than this change.
    void reloadInterfaces()
    return
  }
  const byId = new Map(interfaces.value.list.map((each) => [each.id, each]))
  for (const { id, value } of ours) {
    if (value === null) byId.delete(id)
    else byId.set(id, value)
  }
  interfaces.value = { phase: 'ready', list: [...byId.values()] }
}

function concerns(item: { id: number; value: Interface | null }): boolean {
  if (deviceId === null) return false
  if (item.value !== null) return item.value.device_id === deviceId
  const state = interfaces.value
  return state.phase !== 'ready' || state.list.some(({ id }) => id === item.id)
}
