import type { Device, Simulated } from '../api/types'
import { isSubscriber } from './impact'

/** The devices that a link carries: those that its outage takes down, or keeps down. */
export interface BehindLink {
  /** Subscribers last, each group by id. */
  devices: Device[]
  subscriberCount: number
  /** The subscriber with the least optical margin; null without any signal. */
  weakest: Device | null
}

/** Which devices are DOWN with the link and not without it, from a simulation of either. */
export function behindLink({ devices }: Simulated): BehindLink {
  const found = devices.flatMap(({ before, after }) => {
    if (before === null || after === null) return []
    const [isDown, wasDown] = [after.effective_status === 'DOWN', before.effective_status === 'DOWN']
    // As they are while the link works.
    return isDown === wasDown ? [] : [isDown ? before : after]
  })
  found.sort((a, b) => Number(isSubscriber(a)) - Number(isSubscriber(b)) || a.id - b.id)
  let weakest: Device | null = null
  for (const device of found) {
    if (device.signal === null || !isSubscriber(device)) continue
    if (weakest?.signal == null || device.signal.margin_db < weakest.signal.margin_db) weakest = device
  }
  return { devices: found, subscriberCount: found.filter(isSubscriber).length, weakest }
}
