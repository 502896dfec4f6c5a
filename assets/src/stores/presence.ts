import { computed, onScopeDispose, shallowRef } from 'vue'
import type { Presence, PresentUser } from '../live/types'
import { view } from './view'

/** What users have open, as the server last said. */
export const presentUsers = shallowRef<readonly PresentUser[]>([])

/** The devices that open dialogs of this page change, the topmost last. */
const edited = shallowRef<readonly number[]>([])

/** What is open here, which the others see: the device of the topmost dialog, or else that of the panel. */
export const ownPresence = computed<Presence>((before) => {
  const id = edited.value.at(-1)
  const now: Presence = { device_id: id ?? view.device, is_editing: id !== undefined }
  const isSame = before?.device_id === now.device_id && before.is_editing === now.is_editing
  return isSame ? before : now
})

export function replacePresence(users: readonly PresentUser[]): void {
  presentUsers.value = users
}

/** Tells the others that the dialog it is called in changes a device; null is none, or several. */
export function useEditing(deviceId: number | null): void {
  if (deviceId === null) return
  edited.value = [...edited.value, deviceId]
  onScopeDispose(() => {
    const at = edited.value.lastIndexOf(deviceId)
    edited.value = edited.value.filter((_, index) => index !== at)
  })
}
