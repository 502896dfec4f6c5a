import type { Lifecycle, Medium, PonClass } from '../api/types'
import { formatMinute, formatUnit } from '../utils/format'
import { DELETED } from './editConflicts'
import { MEDIA } from './media'
import { LIFECYCLES } from './states'
import { PON_CLASSES } from './opticalFields'

/** The fields of devices and links as people read them. */
const LABELS: Record<string, string> = {
  name: 'Name',
  parent_container_id: 'Container',
  pon_class: 'PON class',
  tx_power_dbm: 'Transmit power',
  sensitivity_min_dbm: 'Receiver sensitivity',
  insertion_loss_db: 'Insertion loss',
  split_ratio: 'Split ratio',
  lifecycle: 'Life cycle',
  serial: 'Serial number',
  customer_reference: 'Customer reference',
  customer_name: 'Customer',
  phone: 'Phone',
  address: 'Address',
  latitude: 'Latitude',
  longitude: 'Longitude',
  tags: 'Tags',
  note: 'Note',
  length_km: 'Length',
  physical_medium_id: 'Medium',
  status_override: 'Override',
  override_reason: 'Reason',
  override_ends_at: 'Ends',
  override_is_planned_work: 'Planned work',
}

const UNITS: Record<string, string> = {
  tx_power_dbm: 'dBm',
  sensitivity_min_dbm: 'dBm',
  insertion_loss_db: 'dB',
  length_km: 'km',
}

export function fieldLabel(key: string): string {
  return LABELS[key] ?? key
}

/** The value of a field, with its unit; `nameOf` knows the names of containers. */
export function formatField(key: string, value: unknown, nameOf: (deviceId: number) => string): string {
  if (value === DELETED) return 'Deleted'
  if (value === null || value === undefined) return key === 'status_override' ? 'None' : 'Not set'
  if (key === 'parent_container_id') return nameOf(value as number)
  if (key === 'pon_class') return PON_CLASSES[value as PonClass]
  if (key === 'physical_medium_id') return MEDIA[value as Medium]
  if (key === 'lifecycle') return LIFECYCLES[value as Lifecycle]
  if (key === 'override_ends_at') return formatMinute(String(value))
  if (key === 'override_is_planned_work') return value === true ? 'Yes' : 'No'
  if (key === 'split_ratio') return `1:${String(value)}`
  if (Array.isArray(value)) return value.length === 0 ? 'Not set' : value.join(', ')
  const unit = UNITS[key]
  return unit === undefined ? String(value) : formatUnit(value as number, unit)
}
