import { describeError } from '../../api/http'
import { fetchLinkTable } from '../../api/tables'
import type { DeviceType } from '../../api/types'
import { PAGES, router } from '../../router'
import { devices } from '../../stores/devices'
import { linkLists } from '../../stores/links'
import { askConnect, askImport, askProvision } from '../../stores/dialogs'
import { notifyError } from '../../stores/notices'
import { areKeysShown } from '../../stores/search'
import { toggleTheme } from '../../stores/theme'
import { openDevice, openLink } from '../../stores/view'
import { downloadText } from '../../utils/download'
import { typeLabel } from '../../domain/deviceTypes'
import type { IconName } from '../../utils/iconNames'
import { findDevices } from '../../domain/deviceSearch'
import { linkName } from '../../domain/linkEnds'
import { findLinks } from '../../domain/linkList'
import { matchesAllWords } from '../../domain/fold'
import { missingReason } from './missing'

/** A search result. */
export interface SearchItem {
  key: string
  group: 'Devices' | 'Links' | 'Pages' | 'Actions'
  text: string
  /** Shown beside the text, in small print. */
  detail: string
  icon: IconName | DeviceType
  run: () => void
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

async function saveLinks(): Promise<void> {
  try {
    downloadText('unoc-links', 'csv', await fetchLinkTable('comma'))
  } catch (error) {
    notifyError(describeError(error))
  }
}

const ACTIONS: readonly { text: string; icon: IconName; run: () => void }[] = [
  { text: 'Provision a device', icon: 'plus', run: () => void askProvision() },
  { text: 'Connect two devices', icon: 'cable', run: () => void askConnect() },
  { text: 'Import devices from CSV', icon: 'file-up', run: () => void askImport() },
  { text: 'Export all links as CSV', icon: 'download', run: () => void saveLinks() },
  { text: 'Back up now', icon: 'archive', run: () => void backUp() },
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
  { text: 'Show the keys', icon: 'keyboard', run: () => void (areKeysShown.value = true) },
  { text: 'Switch between light and dark', icon: 'moon', run: toggleTheme },
  { text: 'Open the API documentation', icon: 'book-open', run: () => location.assign('docs') },
]

/** The results for a text, in display order. */
export function searchItems(text: string): SearchItem[] {
  const found = findDevices(devices.value.values(), text, DEVICES_MAX)
  const lists = linkLists()
  return [
    ...found.map(
      (device): SearchItem => ({
        key: `device ${device.id}`,
        group: 'Devices',
        text: device.name,
        detail: `${typeLabel(device.device_type)} · ${device.effective_status}`,
        icon: device.device_type,
        run: () => openDevice(device.id),
      }),
    ),
    ...findLinks(lists, text, LINKS_MAX).map(
      (link): SearchItem => ({
        key: `link ${link.id}`,
        group: 'Links',
        text: linkName(link, lists),
        detail: `Link ${link.id} · ${link.status}`,
        icon: 'cable',
        run: () => openLink(link.id),
      }),
    ),
    ...PAGES.filter(({ title, words }) => matchesAllWords(`${title} ${words}`, text)).map(
      (page): SearchItem => ({
        key: `page ${page.path}`,
        group: 'Pages',
        text: page.title,
        detail: page.group,
        icon: page.icon,
        run: () => void router.push(page.path),
      }),
    ),
    ...ACTIONS.filter((action) => matchesAllWords(action.text, text)).map(
      (action): SearchItem => ({ ...action, key: action.text, group: 'Actions', detail: '' }),
    ),
  ]
}
