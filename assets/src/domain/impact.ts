import type { Simulated, Status } from '../api/types'
import { formatCounted } from '../utils/format'
import { LEAF_TYPES } from './deviceTypes'
import { STATUS_RANK, STATUSES } from './statuses'

/** What a change would do, in numbers, from a simulation of it. */
export interface Impact {
  devicesDeleted: number
  linksDeleted: number
  /** Devices that would stay, without their container. */
  devicesOrphaned: number
  /** Devices whose status would get worse, and how many of them are subscribers. */
  devicesWorse: number
  subscribersWorse: number
  devicesBetter: number
}

export function impactOf({ devices, links }: Simulated): Impact {
  const impact: Impact = {
    devicesDeleted: 0,
    linksDeleted: links.filter(({ after }) => after === null).length,
    devicesOrphaned: 0,
    devicesWorse: 0,
    subscribersWorse: 0,
    devicesBetter: 0,
  }
  for (const { before, after } of devices) {
    if (before === null) continue
    if (after === null) {
      impact.devicesDeleted += 1
      continue
    }
    if (before.parent_container_id !== null && after.parent_container_id === null) impact.devicesOrphaned += 1
    const step = STATUS_RANK[after.effective_status] - STATUS_RANK[before.effective_status]
    if (step > 0) impact.devicesBetter += 1
    if (step >= 0) continue
    impact.devicesWorse += 1
    if (LEAF_TYPES.includes(before.device_type)) impact.subscribersWorse += 1
  }
  return impact
}

const BECOME: Record<Status, string> = { DOWN: 'go DOWN', DEGRADED: 'become DEGRADED', UP: 'go UP' }

/** The statuses that a change would bring, in a sentence, and how many subscribers get worse. */
export function impactText(simulated: Simulated): string {
  const changed = simulated.devices.flatMap(({ before, after }) =>
    after !== null && after.effective_status !== before?.effective_status ? [after] : [],
  )
  const [only] = changed
  if (only === undefined) return 'No device changes status.'
  if (changed.length === 1) return `${only.name} will ${BECOME[only.effective_status]}.`
  const parts = STATUSES.flatMap((status) => {
    const count = changed.filter((each) => each.effective_status === status).length
    return count === 0 ? [] : [`${formatCounted(count, 'device')} will ${BECOME[status]}`]
  })
  const { subscribersWorse } = impactOf(simulated)
  const subscribers = subscribersWorse === 0 ? '' : `; ${formatCounted(subscribersWorse, 'subscriber')} affected`
  return `${parts.join(', ')}${subscribers}.`
}
