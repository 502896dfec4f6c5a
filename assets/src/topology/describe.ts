import { formatCount, formatCounted } from '../utils/format'
import { typeLabel } from '../domain/deviceTypes'
import type { Spot } from './model/graph'

/** A device in a sentence, for those who hear the page. */
export function describe(spot: Spot): string {
  const { device, tally, wires } = spot
  const parts = [`${device.name}, ${typeLabel(device.device_type)}, ${device.effective_status}`]
  if (device.status_override !== null) parts.push('held by an operator')
  if (device.signal !== null && device.signal.class !== 'OK') {
    parts.push(`signal ${device.signal.class.toLowerCase().replace('_', ' ')}`)
  }
  if (spot.members.length > 0) parts.push(tallyText(spot))
  else if (wires.length > 0) parts.push(`${formatCounted(wires.length, 'neighbour')}`)
  if (tally.down + tally.degraded === 0 && spot.isFloating) parts.push('not placed yet')
  return `${parts.join(', ')}.`
}

/** What a group holds. */
export function tallyText({ tally }: Spot): string {
  const parts = [
    tally.leaves > 0
      ? formatCounted(tally.leaves, 'subscriber')
      : formatCounted(tally.devices, 'device'),
  ]
  if (tally.down > 0) parts.push(`${formatCount(tally.down)} down`)
  if (tally.degraded > 0) parts.push(`${formatCount(tally.degraded)} degraded`)
  return parts.join(', ')
}
