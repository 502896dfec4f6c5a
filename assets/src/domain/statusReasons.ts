import type { Device, Problem, Signal, Simulated, Status } from '../api/types'
import { STATUSES } from './deviceTypes'
import { formatCounted, formatMeasure, typeLabel } from '../utils/format'
import { heldStatus } from './overrides'

/** What a cut means, of one device as of a cause. */
const CUT_OFF = new Map([
  ['no_upstream', 'No chain of working routers reaches a backbone gateway.'],
  ['no_optical_path', 'No working OLT can be reached through this fibre path.'],
  ['no_switch', 'No working AON switch can be reached.'],
  ['no_active_device', 'No working active device can be reached through this part.'],
])

const WEAK_LIGHT = new Map([
  ['no_signal', 'Too little light reaches the receiver.'],
  ['signal_critical', 'Less than 3 dB of optical margin is left.'],
  ['signal_warning', 'Less than 6 dB of optical margin is left.'],
  ['signal_overload', 'Too much light reaches the receiver.'],
])

/** Why a device's status is what it is, one sentence per reason. */
export function whySentences(device: Device): string[] {
  const { status_override: held, status_reasons: reasons } = device
  // Its links count as cut while it is held DOWN: what else is computed follows from that.
  const telling = held === 'DOWN' ? reasons.filter((code) => code === 'override') : reasons
  return telling.map((code) => whySentence(code, device))
}

/** What is wrong with a cause; measured, where it is a device with a signal. */
export function problemSentence(problem: Problem, cause?: Device): string {
  const { problem: code, device_count: victims } = problem
  if (code === 'held') return `Held ${heldStatus(problem)} by an operator.`
  if (code === 'conflict') return 'An operator holds it UP, but the network says DOWN.'
  const weak = WEAK_LIGHT.get(code)
  if (weak !== undefined && victims > 0) {
    return `Everything behind it is affected; at worst, ${lowerFirst(weak)}`
  }
  const signal = cause?.status_reasons.includes(code) === true ? cause.signal : null
  const measured = signal === null ? undefined : measuredSentence(code, signal)
  return measured ?? weak ?? CUT_OFF.get(code) ?? unknown(code)
}

/** What kind of thing a cause is, and where it stands. */
export function causeText(problem: Problem, type: string | undefined): string {
  const noun = problem.kind === 'link' ? 'Link' : typeLabel(type ?? 'Device')
  return problem.place === null ? noun : `${noun}, ${problem.place}`
}

/** Who suffers from a cause. */
export function affectedText(problem: Problem): string {
  const { leaf_count: leaves, device_count: devices } = problem
  const parts: string[] = []
  if (leaves > 0) parts.push(formatCounted(leaves, 'subscriber'))
  if (devices > 0) parts.push(formatCounted(devices, 'device'))
  return parts.join(', ') || 'no subscribers'
}

const BECOME: Record<Status, string> = { DOWN: 'go DOWN', DEGRADED: 'become DEGRADED', UP: 'come UP' }

/** What clearing an override would do, from a simulation of it. */
export function effectSentence(simulated: Simulated): string {
  const becoming = simulated.devices.flatMap(({ before, after }) => {
    const changes = after !== null && after.effective_status !== before?.effective_status
    return changes ? [after] : []
  })
  const [only] = becoming
  if (only === undefined) return 'No device changes its status.'
  if (becoming.length === 1) return `${only.name} will ${BECOME[only.effective_status]}.`
  const parts = STATUSES.flatMap((status) => {
    const count = becoming.filter(({ effective_status: each }) => each === status).length
    return count === 0 ? [] : [`${formatCounted(count, 'device')} will ${BECOME[status]}`]
  })
  return `${parts.join(', ')}.`
}

/** The end of the fibre whose receiver limits. */
export function receiver(direction: Signal['limiting_direction']): 'ONT' | 'OLT' {
  return direction === 'down' ? 'ONT' : 'OLT'
}

export function directionWord(direction: Signal['limiting_direction']): string {
  return direction === 'down' ? 'downstream' : 'upstream'
}

function whySentence(code: string, device: Device): string {
  if (code === 'override') return `An operator holds it ${device.status_override}.`
  if (code === 'override_conflict') return 'But the network says DOWN:'
  const measured = device.signal === null ? undefined : measuredSentence(code, device.signal)
  return measured ?? WEAK_LIGHT.get(code) ?? CUT_OFF.get(code) ?? unknown(code)
}

function measuredSentence(code: string, signal: Signal): string | undefined {
  const { margin_db: margin, limiting_direction: direction } = signal
  const left = `${formatMeasure(margin, 'dB')} of margin left ${directionWord(direction)}`
  const lacking = formatMeasure(-margin, 'dB')
  switch (code) {
    case 'no_signal':
      return `Too little light at the ${receiver(direction)}: ${lacking} below its receiver’s limit.`
    case 'signal_critical':
      return `Only ${left}; below 3\u00a0dB is critical.`
    case 'signal_warning':
      return `Only ${left}; at least 6\u00a0dB are recommended.`
    case 'signal_overload':
      return `Too much light at the ${receiver(direction)}: above its receiver’s limit.`
    default:
      return undefined
  }
}

function unknown(code: string): string {
  return `Reason given by the server: “${code}”.`
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1)
}
