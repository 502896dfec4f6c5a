import type { Signal } from '../api/types'
import type { Tone } from '../utils/tone'

/** What a signal class is called, and how it is drawn. */
export const SIGNAL_CLASSES: Record<Signal['class'], { label: string; tone: Tone }> = {
  OK: { label: 'OK', tone: 'up' },
  WARNING: { label: 'Warning', tone: 'minor' },
  CRITICAL: { label: 'Critical', tone: 'degraded' },
  NO_SIGNAL: { label: 'No signal', tone: 'down' },
  OVERLOAD: { label: 'Overload', tone: 'minor' },
}

/** The end of the fibre whose receiver limits. */
export function limitingReceiver(direction: Signal['limiting_direction']): 'ONT' | 'OLT' {
  return direction === 'down' ? 'ONT' : 'OLT'
}

export function directionLabel(direction: Signal['limiting_direction']): string {
  return direction === 'down' ? 'downstream' : 'upstream'
}
