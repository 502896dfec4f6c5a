import type { DeviceType, Signal, Status } from '../api/types'

/**
 * The server's closed vocabularies at run time. Records, for then the compiler refuses a word
 * that is missing or unknown.
 */

/** How a status is drawn; the worst first. */
export const STATUS_TONES: Record<Status, Tone> = { DOWN: 'down', DEGRADED: 'degraded', UP: 'up' }
export const STATUSES = Object.keys(STATUS_TONES) as Status[]

/** Device types as people write them. */
export const TYPE_LABELS: Record<DeviceType, string> = {
  BACKBONE_GATEWAY: 'Backbone gateway',
  CORE_ROUTER: 'Core router',
  EDGE_ROUTER: 'Edge router',
  OLT: 'OLT',
  AON_SWITCH: 'AON switch',
  ONT: 'ONT',
  BUSINESS_ONT: 'Business ONT',
  AON_CPE: 'AON CPE',
  POP: 'POP',
  CORE_SITE: 'Core site',
  ODF: 'ODF',
  NVT: 'NVT',
  SPLITTER: 'Splitter',
  HOP: 'HOP',
}
export const DEVICE_TYPES = Object.keys(TYPE_LABELS) as DeviceType[]

/** What a signal is called, and how it is drawn. */
export const SIGNAL_CLASSES: Record<Signal['class'], { word: string; tone: Tone }> = {
  OK: { word: 'OK', tone: 'up' },
  WARNING: { word: 'Warning', tone: 'minor' },
  CRITICAL: { word: 'Critical', tone: 'degraded' },
  NO_SIGNAL: { word: 'No signal', tone: 'down' },
  OVERLOAD: { word: 'Overload', tone: 'minor' },
}

/** Shape and colour of a mark: what is out of service, impaired, short of reserve, and fine. */
export type Tone = 'down' | 'degraded' | 'minor' | 'up'
