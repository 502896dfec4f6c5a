import { fetchDeviceTable } from '../../api/tables'
import { describeError } from '../../api/http'
import type { Device, Lifecycle, Link } from '../../api/types'
import type { Permission } from '../../domain/access'
import { causeKey, type Cause } from '../../domain/behindLink'
import { isContainer, LEAF_TYPES } from '../../domain/deviceTypes'
import { deviceOverride, linkOverride } from '../../domain/overrides'
import { router } from '../../router'
import { copyLink, placeOf } from '../../stores/copyLink'
import { devices } from '../../stores/devices'
import {
  askClearOverride, askConnect, askDelete, askDeleteLinks, askDeviceLifecycle, askLinkLifecycle, askEdit, askEditLink, askErasePersonalData, askOverride, askOverrideLinks,
} from '../../stores/dialogs'
import { links, nameOfLink } from '../../stores/links'
import { notifyError } from '../../stores/notices'
import { deviceSelection, linkSelection, pageSelection } from '../../stores/selection'
import { may } from '../../stores/session'
import { view } from '../../stores/view'
import { downloadText } from '../../utils/download'
import { formatCounted } from '../../utils/format'
import type { IconName } from '../../utils/iconNames'

/** An action on what is selected. */
export interface SelectionItem {
  text: string
  icon: IconName
  run: () => void
  /** Who may not is not offered it. */
  needs?: Permission
  /** It has to run in the same moment as the key that chose it, as the browser demands of copying. */
  isImmediate?: true
}

/** What can be done with what is selected on this page, and with what the panel shows. */
export function selectionItems(): SelectionItem[] {
  const deviceIds = (pageSelection.value?.deviceIds ?? []).filter((id) => devices.value.has(id))
  const linkIds = (pageSelection.value?.linkIds ?? []).filter((id) => links.value.has(id))
  const items: SelectionItem[] = []
  if (deviceIds.length > 1) items.push(...severalDevices(deviceIds))
  if (linkIds.length > 1) items.push(...severalLinks(linkIds))
  const oneDevice = devices.value.get((deviceIds.length === 1 ? deviceIds[0] : view.device) ?? -1)
  const oneLink = links.value.get((linkIds.length === 1 ? linkIds[0] : view.link) ?? -1)
  if (oneDevice !== undefined) items.push(...deviceItems(oneDevice))
  if (oneLink !== undefined) items.push(...linkItems(oneLink))
  return items.filter(({ needs }) => needs === undefined || may(needs))
}

function severalDevices(ids: readonly number[]): SelectionItem[] {
  const what = `${formatCounted(ids.length, 'selected device')}`
  return [
    { text: `Override ${what}…`, icon: 'hand', run: () => void askOverride(ids), needs: 'operate' },
    { text: `Put ${what} into service, plan or retire…`, icon: 'circle-check', run: () => void askDeviceLifecycle(ids), needs: 'operate' },
    { text: `Export ${what} as CSV`, icon: 'download', run: () => void exportDevices(ids) },
    { text: `Erase the personal data of ${what}…`, icon: 'eraser', run: () => void askErasePersonalData(ids), needs: 'admin' },
    { text: `Delete ${what}…`, icon: 'trash-2', run: () => void deleteDevices(ids), needs: 'operate' },
  ]
}

function severalLinks(ids: readonly number[]): SelectionItem[] {
  const what = `${formatCounted(ids.length, 'selected link')}`
  return [
    { text: `Override ${what}…`, icon: 'hand', run: () => void askOverrideLinks(ids), needs: 'operate' },
    { text: `Put ${what} into service, plan or retire…`, icon: 'circle-check', run: () => void askLinkLifecycle(ids), needs: 'operate' },
    { text: `Delete ${what}…`, icon: 'trash-2', run: () => void deleteLinks(ids), needs: 'operate' },
  ]
}

function deviceItems(device: Device): SelectionItem[] {
  const { id, name, device_type: type } = device
  const override = deviceOverride(device)
  const items: SelectionItem[] = [{ text: `Override ${name}…`, icon: 'hand', run: () => void askOverride([id]), needs: 'operate' }]
  if (override !== null) {
    items.push({ text: `Clear the override on ${name}…`, icon: 'undo-2', run: () => void askClearOverride(override), needs: 'operate' })
  }
  items.push({ text: `Edit ${name}`, icon: 'pencil', run: () => void askEdit(id), needs: 'operate' })
  items.push({ text: lifecycleText(name, device.lifecycle), icon: 'circle-check', run: () => void askDeviceLifecycle([id]), needs: 'operate' })
  if (!isContainer(type)) items.push({ text: `Connect ${name}`, icon: 'cable', run: () => void askConnect({ a: id }), needs: 'operate' })
  items.push(...placeItems({ kind: 'device', id }, name))
  if (!isContainer(type) && !LEAF_TYPES.includes(type)) items.push(behindItem({ kind: 'device', id }, name))
  items.push({ text: `Delete ${name}…`, icon: 'trash-2', run: () => void deleteDevices([id]), needs: 'operate' })
  return items
}

function linkItems(link: Link): SelectionItem[] {
  const { id } = link
  const name = nameOfLink(id)
  const override = linkOverride(link, name)
  return [
    override === null
      ? { text: `Fibre cut on ${name}…`, icon: 'unplug', run: () => void askOverrideLinks([id], 'Fibre cut'), needs: 'operate' }
      : { text: `Clear the override on ${name}…`, icon: 'undo-2', run: () => void askClearOverride(override), needs: 'operate' },
    { text: `Override ${name}…`, icon: 'hand', run: () => void askOverrideLinks([id], link.override_reason ?? ''), needs: 'operate' },
    { text: `Edit ${name}`, icon: 'pencil', run: () => void askEditLink(id), needs: 'operate' },
    { text: lifecycleText(name, link.lifecycle), icon: 'circle-check', run: () => void askLinkLifecycle([id]), needs: 'operate' },
    ...placeItems({ kind: 'link', id }, name),
    behindItem({ kind: 'link', id }, name),
    { text: `Delete ${name}…`, icon: 'trash-2', run: () => void deleteLinks([id]), needs: 'operate' },
  ]
}

function lifecycleText(name: string, lifecycle: Lifecycle): string {
  return lifecycle === 'in_service' ? `Plan or retire ${name}…` : `Put ${name} into service…`
}

function placeItems({ kind, id }: Cause, name: string): SelectionItem[] {
  return [
    {
      text: `Show ${name} on the map`,
      icon: 'network',
      run: () => void router.push({ path: '/topology', query: { [kind]: id } }),
    },
    {
      text: `Copy link to ${name}`,
      icon: 'link',
      run: () => void copyLink(router, placeOf(kind, id), name),
      isImmediate: true,
    },
  ]
}

function behindItem(cause: Cause, name: string): SelectionItem {
  return {
    text: `Find what is behind ${name}`,
    icon: 'filter',
    run: () => void router.push({ path: '/inventory', query: { behind: causeKey(cause) } }),
  }
}

async function exportDevices(ids: readonly number[]): Promise<void> {
  try {
    downloadText('unoc-devices', 'csv', await fetchDeviceTable(ids, 'comma'))
  } catch (error) {
    notifyError(describeError(error))
  }
}

async function deleteDevices(ids: readonly number[]): Promise<void> {
  if (!(await askDelete(ids))) return
  deviceSelection.selectNone()
  if (view.device !== null && !devices.value.has(view.device)) view.device = null
}

async function deleteLinks(ids: readonly number[]): Promise<void> {
  if (!(await askDeleteLinks(ids))) return
  linkSelection.selectNone()
  if (view.link !== null && !links.value.has(view.link)) view.link = null
}
