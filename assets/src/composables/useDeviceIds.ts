import type { ShallowRef } from 'vue'
import { deviceSortKey, listDevices } from '../domain/deviceList'
import { devices } from '../stores/devices'
import type { View } from '../stores/viewQuery'
import type { BehindState } from './useBehind'
import { useListIds } from './useListIds'

/** The ids of the devices that the view shows, in order. */
export function useDeviceIds(view: View, behind: Readonly<ShallowRef<BehindState>>): Readonly<ShallowRef<number[]>> {
  const behindIds = (): readonly number[] => (behind.value.phase === 'ready' ? behind.value.ids : [])
  return useListIds(
    () => listDevices(devices.value, { ...view, sort: deviceSortKey(view.sort) }, behindIds()),
    () => [
      view.text, view.type, view.status, view.container, view.olt, view.pon, view.splitter, view.overridden,
      view.uncertain, view.behind, view.sort, view.descending, behind.value,
    ],
    [devices],
  )
}
