import type { Device, DeviceType } from '../api/types'
import { PASSIVE_TYPES } from './deviceTypes'

/** The optical values that a device may have of its own. */
export interface OpticalField {
  key: 'tx_power_dbm' | 'sensitivity_min_dbm' | 'insertion_loss_db'
  label: string
  unit: string
  hint: string
}

const SENSITIVITY: OpticalField = {
  key: 'sensitivity_min_dbm',
  label: 'Receiver sensitivity',
  unit: 'dBm',
  hint: 'Default: \u221228.0 dBm, or the value of the PON class.',
}
const LOSS: OpticalField = {
  key: 'insertion_loss_db',
  label: 'Insertion loss',
  unit: 'dB',
  hint: 'Default: the value of the type; for a splitter, of its ratio.',
}

/** The fields that mean something for a type. */
export function opticalFields(type: DeviceType): readonly OpticalField[] {
  if (type === 'OLT') return [transmit('+5.0'), SENSITIVITY]
  if (type === 'ONT' || type === 'BUSINESS_ONT') return [transmit('+0.5'), SENSITIVITY]
  return PASSIVE_TYPES.includes(type) ? [LOSS] : []
}

function transmit(power: string): OpticalField {
  const hint = `Default: ${power} dBm, or the value of the PON class.`
  return { key: 'tx_power_dbm', label: 'Transmit power', unit: 'dBm', hint }
}

export const PON_CLASSES: Record<NonNullable<Device['pon_class']>, string> = {
  GPON_B_PLUS: 'GPON B+',
  GPON_C_PLUS: 'GPON C+',
  XGS_N1: 'XGS-PON N1',
  XGS_N2: 'XGS-PON N2',
  XGS_E1: 'XGS-PON E1',
}
