import { describeError } from '../../api/http'
import { fetchCrossConnectTable, fetchLinkTable } from '../../api/tables'
import type { DeviceType } from '../../api/types'
import { PAGES, router } from '../../router'
import { copyLink, placeOfPage } from '../../stores/copyLink'
import { devices } from '../../stores/devices'
import { linkLists } from '../../stores/links'
import { askConnect, askImport, askProvision } from '../../stores/dialogs'
import { notifyError } from '../../stores/notices'
import { askUndoLast } from '../../stores/undo'
import { areKeysShown } from '../../stores/search'
import { logOut, may } from '../../stores/session'
import { toggleTheme } from '../../stores/theme'
import { openDevice, openLink } from '../../stores/view'
import { downloadText } from '../../utils/download'
import { typeLabel } from '../../domain/deviceTypes'
import type { Permission } from '../../domain/access'
import type { IconName } from '../../utils/iconNames'
import { detailFound, findDevices } from '../../domain/deviceSearch'
import { deviceState, linkState, stateLabel } from '../../domain/states'
import { linkName } from '../../domain/linkEnds'
import { findLinks } from '../../domain/linkList'
import { fold, matchesAllWords } from '../../domain/fold'
import { missingReason } from './missing'
import { selectionItems } from './selectionItems'

/** A search result. */
export interface SearchItem {
  key: string
  group: 'Selected' | 'Devices' | 'Links' | 'Pages' | 'Actions'
  text: string
  /** Shown beside the text, in small print. */
  detail: string
  icon: IconName | DeviceType
  run: () => void
  /** It runs before the search closes. */
  isImmediate?: true
}

const DEVICES_MAX = 20
/** A device name finds each of its links too. */
const LINKS_MAX = 8

/** Opens the page that shows its progress. Loaded on demand to keep the first load small. */
async function backUp(): Promise<void> {
  await router.push('/operations/backups')
  let backUpNow: () => Promise<void>
  try {
    ;({ backUpNow } = await import('../../stores/backups'))
  } catch {
    notifyError(`No backup was made. ${missingReason()}`)
    return
  }
  try {
    await backUpNow()
  } catch (error) {
    notifyError(describeError(error))
  }
}

async function undoLast(): Promise<void> {
  try {
    await askUndoLast()
  } catch (error) {
    notifyError(describeError(error))
  }
}

async function saveTable(name: string, fetchTable: typeof fetchLinkTable): Promise<void> {
  try {
    downloadText(`unoc-${name}`, 'csv', await fetchTable('comma'))
  } catch (error) {
    notifyError(describeError(error))
  }
}

const ACTIONS: readonly { text: string; icon: IconName; run: () => void; isImmediate?: true; needs?: Permission }[] = [
  { text: 'Provision a device', icon: 'plus', run: () => void askProvision(), needs: 'operate' },
  { text: 'Connect two devices', icon: 'cable', run: () => void askConnect(), needs: 'operate' },
  { text: 'Undo my last change…', icon: 'undo-2', run: () => void undoLast(), needs: 'operate' },
  { text: 'Import devices from CSV', icon: 'file-up', run: () => void askImport(), needs: 'operate' },
  { text: 'Export all links as CSV', icon: 'download', run: () => void saveTable('links', fetchLinkTable) },
  {
    text: 'Export all cross-connects as CSV',
    icon: 'download',
    run: () => void saveTable('cross-connects', fetchCrossConnectTable),
  },
  { text: 'Back up now', icon: 'archive', run: () => void backUp(), needs: 'operate' },
  {
    text: 'Show devices that are DOWN',
    icon: 'filter',
    run: () => void router.push('/inventory?status=DOWN'),
  },
  {
    text: 'Show overridden devices',
    icon: 'hand',
    run: () => void router.push('/inventory?overridden=yes'),
  },
  {
    text: 'Show overridden links',
    icon: 'hand',
    run: () => void router.push('/links?overridden=yes'),
  },
  {
    text: 'Show links that are DOWN',
    icon: 'filter',
    run: () => void router.push('/links?status=DOWN'),
  },
  {
    text: 'Copy link to this page',
    icon: 'link',
    run: () => void copyLink(router, placeOfPage(router.currentRoute.value), 'this page'),
    isImmediate: true,
  },
  { text: 'Print this page', icon: 'printer', run: () => window.print() },
  { text: 'Show the keys', icon: 'keyboard', run: () => void (areKeysShown.value = true) },
  { text: 'Switch between light and dark', icon: 'moon', run: toggleTheme },
  { text: 'Log out', icon: 'log-out', run: () => void logOut().catch((error: unknown) => notifyError(describeError(error))), needs: 'account' },
  { text: 'Open the API documentation', icon: 'book-open', run: () => location.assign('docs') },
]

/** The results for a text, in display order. */
export function searchItems(text: string): SearchItem[] {
  const found = findDevices(devices.value.values(), text, DEVICES_MAX)
  const lists = linkLists()
  const selected = selectionItems()
    .filter((item) => matchesAllWords(item.text, text))
    .map((item): SearchItem => ({ ...item, key: `selected ${item.text}`, group: 'Selected', detail: '' }))
  // Who writes a whole name looks for the device, even if it is the selected one.
  const isName = found.some(({ name }) => fold(name) === fold(text.trim()))
  return [
    ...(isName ? [] : selected),
    ...found.map(
      (device): SearchItem => ({
        key: `device ${device.id}`,
        group: 'Devices',
        text: device.name,
        detail: [typeLabel(device.device_type), stateLabel(deviceState(device)), detailFound(device, text)]
          .filter((each) => each !== null)
          .join(' · '),
        icon: device.device_type,
        run: () => openDevice(device.id),
      }),
    ),
    ...(isName ? selected : []),
    ...findLinks(lists, text, LINKS_MAX).map(
      (link): SearchItem => ({
        key: `link ${link.id}`,
        group: 'Links',
        text: linkName(link, lists),
        detail: `Link ${link.id} · ${stateLabel(linkState(link))}`,
        icon: 'cable',
        run: () => openLink(link.id),
      }),
    ),
    ...PAGES.filter(({ needs }) => needs === undefined || may(needs)).filter(({ title, words }) => matchesAllWords(`${title} ${words}`, text)).map(
      (page): SearchItem => ({
        key: `page ${page.path}`,
        group: 'Pages',
        text: page.title,
        detail: page.group,
        icon: page.icon,
        run: () => void router.push(page.path),
      }),
    ),
    ...ACTIONS.filter(({ needs }) => needs === undefined || may(needs))
      .filter((action) => matchesAllWords(action.text, text))
      .map((action): SearchItem => ({ ...action, key: action.text, group: 'Actions', detail: '' })),
  ]
}
