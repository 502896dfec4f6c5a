import type { OpticalPath } from '../api/types'

/** The light where it leaves a link, in dBm: towards the subscriber and towards the OLT. */
export interface LinkLight {
  down_dbm: number
  up_dbm: number
}

/**
 * The light through a link on the path of a subscriber: what arrives at the receiver, plus what is
 * lost between the link and it. Null if the link is not on the path, or without a signal.
 */
export function lightThrough({ elements, signal }: OpticalPath, linkId: number): LinkLight | null {
  const part = elements.find(({ kind, id }) => kind === 'link' && id === linkId)
  const last = elements.at(-1)
  if (part === undefined || last === undefined || signal === null) return null
  return {
    down_dbm: signal.rx_down_dbm + last.cumulative_down_db - part.cumulative_down_db,
    up_dbm: signal.rx_up_dbm + part.cumulative_up_db - part.loss_up_db,
  }
}
