import type { ShallowRef } from 'vue'
import { deviceSortKey, listDevices } from '../domain/deviceList'
import { devices } from '../stores/devices'
import type { View } from '../stores/viewQuery'
import { useListIds } from './useListIds'

/** The ids of the devices that the view shows, in order. */
export function useDeviceIds(view: View): Readonly<ShallowRef<number[]>> {
  return useListIds(
    () => listDevices(devices.value, { ...view, sort: deviceSortKey(view.sort) }),
    () => [view.text, view.type, view.status, view.container, view.overridden, view.sort, view.descending],
    [devices],
  )
}
