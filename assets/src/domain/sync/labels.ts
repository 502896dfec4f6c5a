import type { SyncAction } from '../../api/sync'
import type { SyncStatus } from '../../api/types'
import type { IconName } from '../../utils/iconNames'

/** How a state of the mirror is called and drawn. */
export const SYNC_STATE_LABELS: Record<
  SyncStatus['state'],
  { word: string; tone: 'calm' | 'warn' | 'bad'; icon: IconName }
> = {
  off: { word: 'Off', tone: 'calm', icon: 'database' },
  connecting: { word: 'Connecting', tone: 'calm', icon: 'loader-circle' },
  loading: { word: 'Loading', tone: 'calm', icon: 'loader-circle' },
  live: { word: 'Following', tone: 'calm', icon: 'circle-check' },
  waiting: { word: 'Waiting', tone: 'warn', icon: 'unplug' },
  stopped: { word: 'Stopped', tone: 'bad', icon: 'octagon-alert' },
}

/** Actions that change who owns the data; each is confirmed by name. */
export const OWNERSHIP_ACTIONS: Partial<Record<SyncAction, { label: string; text: string }>> = {
  takeover: {
    label: 'Take over',
    text: 'This appliance becomes the one that writes the site into PostgreSQL. Another one that wrote it until now is shut out and stops syncing.',
  },
  adopt: {
    label: 'Adopt',
    text: 'What PostgreSQL holds replaces the site on this appliance. The local store is copied into quarantine/ first and can be put back by hand.',
  },
}
