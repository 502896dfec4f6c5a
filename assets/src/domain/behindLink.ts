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

/** A device or link that others depend on. */
export interface Cause {
  kind: 'device' | 'link'
  id: number
}

/** A cause in an address: `device-7`, `link-12`; null for any other text. */
export function parseCause(text: string): Cause | null {
  const [, kind, id] = /^(device|link)-([1-9]\d{0,15})$/.exec(text) ?? []
  return kind === undefined ? null : { kind: kind as Cause['kind'], id: Number(id) }
}

export function causeKey({ kind, id }: Cause): string {
  return `${kind}-${id}`
}

/** The step of a simulation that tells who is behind: an outage, or while it is DOWN, its end. */
export function outageStep({ kind, id }: Cause, isDown: boolean): { op: string } {
  const status = isDown ? 'UP' : 'DOWN'
  return kind === 'device'
    ? ({ op: 'override_device', device_id: id, status } as { op: string })
    : ({ op: 'update_link', link_id: id, status_override: status } as { op: string })
}

/** Which devices are DOWN with the link and not without it, from a simulation of either. */
export function behindLink({ devices }: Pick<Simulated, 'devices'>): BehindLink {
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
