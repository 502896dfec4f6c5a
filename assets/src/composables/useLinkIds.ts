import type { ShallowRef } from 'vue'
import { linkSortKey, listLinks } from '../domain/linkList'
import { devices } from '../stores/devices'
import { linkLists, links, ports } from '../stores/links'
import type { View } from '../stores/viewQuery'
import { useListIds } from './useListIds'

/** The ids of the links that the view shows, in order. */
export function useLinkIds(view: View): Readonly<ShallowRef<number[]>> {
  return useListIds(
    () => listLinks(linkLists(), { ...view, sort: linkSortKey(view.sort) }),
    () => [view.text, view.status, view.medium, view.overridden, view.sort, view.descending],
    [links, ports, devices],
  )
}
