import type { Device, Signal } from '../api/types'
import { formatMeasure } from '../utils/format'
import { directionLabel, limitingReceiver } from './opticalSignal'

const PLANT = new Map([
  ['no_upstream', 'No path of working routers to a backbone gateway.'],
  ['no_optical_path', 'No fibre path to a working OLT.'],
  ['no_switch', 'No path to a working AON switch.'],
  ['no_active_device', 'No path to a working active device.'],
  ['not_connected', 'No fibre is connected yet.'],
  ['joins_not_recorded', 'Fibres end here, and no cross-connect records how they go on.'],
  ['joins_assumed', 'Some of its cross-connects are assumed: confirm or correct them.'],
  ['not_in_service', 'It is planned or retired.'],
])

/** What is not known about the inside of an ODF, NVT or HOP; its cross-connects settle it. */
const UNCERTAIN_JOINS: readonly string[] = ['joins_not_recorded', 'joins_assumed']

/** Whether the inside of a part has to be checked. */
export function hasUncertainJoins({ status_reasons: codes }: Pick<Device, 'status_reasons'>): boolean {
  return codes.some((code) => UNCERTAIN_JOINS.includes(code))
}

const SIGNAL = new Map([
  ['no_signal', 'Received optical power is too low.'],
  ['signal_critical', 'Optical margin is below 3\u00a0dB.'],
  ['signal_warning', 'Optical margin is below 6\u00a0dB.'],
  ['signal_overload', 'Received optical power is too high.'],
])

/** Why a device has its status, one sentence per reason. */
export function statusReasons(device: Device): string[] {
  const { status_override: override, status_reasons: codes } = device
  // An override to DOWN cuts the links of the device; every other reason only follows from that.
  const shown = override === 'DOWN' ? codes.filter((code) => code === 'override') : codes
  return shown.map((code) => {
    if (code === 'override') return `Overridden to ${override} by an operator.`
    if (code === 'override_conflict') return 'Without the override it would be DOWN:'
    return reasonText(code, device.signal)
  })
}

/** A reason in a sentence, with the measured values if there is a signal. */
export function reasonText(code: string, signal: Signal | null): string {
  const measured = signal === null ? undefined : measuredText(code, signal)
  return measured ?? signalReason(code) ?? PLANT.get(code) ?? `Reason code from the server: “${code}”.`
}

/** The sentence of a reason that is about the optical signal; undefined for every other. */
export function signalReason(code: string): string | undefined {
  return SIGNAL.get(code)
}

function measuredText(code: string, signal: Signal): string | undefined {
  const { margin_db: margin, limiting_direction: direction } = signal
  const receiver = limitingReceiver(direction)
  const left = `Optical margin is ${formatMeasure(margin, 'dB')} ${directionLabel(direction)}`
  switch (code) {
    case 'no_signal':
      return `Received power at the ${receiver} is ${formatMeasure(-margin, 'dB')} below its sensitivity.`
    case 'signal_critical':
      return `${left}; below 3\u00a0dB is critical.`
    case 'signal_warning':
      return `${left}; at least 6\u00a0dB is recommended.`
    case 'signal_overload':
      return `Received power at the ${receiver} is above its overload limit.`
    default:
      return undefined
  }
}
