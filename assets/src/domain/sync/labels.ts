import type { SyncAction } from '../../api/sync'
import type { SyncStatus } from '../../api/types'
import type { IconName } from '../../utils/iconNames'

/** How a sync state is called and drawn. */
export const SYNC_STATE_LABELS: Record<
  SyncStatus['state'],
  { word: string; tone: 'ok' | 'warning' | 'error'; icon: IconName }
> = {
  off: { word: 'Off', tone: 'ok', icon: 'database' },
  connecting: { word: 'Connecting', tone: 'ok', icon: 'loader-circle' },
  loading: { word: 'Loading', tone: 'ok', icon: 'loader-circle' },
  live: { word: 'Syncing', tone: 'ok', icon: 'circle-check' },
  waiting: { word: 'Waiting', tone: 'warning', icon: 'unplug' },
  stopped: { word: 'Stopped', tone: 'error', icon: 'octagon-alert' },
}

/** Actions that change which side owns the site; each needs a typed confirmation. */
export const OWNERSHIP_ACTIONS: Partial<Record<SyncAction, { label: string; text: string }>> = {
  takeover: {
    label: 'Take over',
    text: 'This appliance will write the site to PostgreSQL. An appliance that has written it until now is locked out and stops syncing.',
  },
  adopt: {
    label: 'Adopt',
    text: 'The site in PostgreSQL replaces the site on this appliance. The local store is copied to quarantine/ first and can be restored manually.',
  },
}
