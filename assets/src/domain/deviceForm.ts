import type { Device, DevicePatch, Lifecycle, PonClass } from '../api/types'
import { parseNumber } from '../utils/format'
import { detailChanges, detailKey, type DetailTexts, detailTexts, detailValues } from './deviceDetails'
import { type OpticalField, opticalFields } from './opticalFields'
import type { SplitRatio } from './splitRatios'

/** What a person can change of a device, as it is written in the fields. */
export type DeviceForm = Record<OpticalField['key'], string> & {
  name: string
  parent_container_id: number | null
  lifecycle: Lifecycle
  pon_class: PonClass | null
  /** Null: that of its outputs. */
  split_ratio: SplitRatio | null
  details: DetailTexts
}

/** Values that others may feel: the light of a PON, or what alarms. */
const FELT_KEYS = [
  'lifecycle',
  'pon_class',
  'split_ratio',
  'tx_power_dbm',
  'sensitivity_min_dbm',
  'insertion_loss_db',
] as const satisfies (keyof DevicePatch)[]

export function deviceForm(device: Device): DeviceForm {
  return {
    name: device.name,
    parent_container_id: device.parent_container_id,
    lifecycle: device.lifecycle,
    pon_class: device.pon_class,
    split_ratio: device.split_ratio ?? null,
    tx_power_dbm: String(device.tx_power_dbm ?? ''),
    sensitivity_min_dbm: String(device.sensitivity_min_dbm ?? ''),
    insertion_loss_db: String(device.insertion_loss_db ?? ''),
    details: detailTexts(device),
  }
}

/** The optical fields of a device in which no number is written. */
export function unreadableFields(form: DeviceForm, { device_type: type }: Device): OpticalField[] {
  return opticalFields(type).filter(({ key }) => Number.isNaN(parseNumber(form[key])))
}

/** The values that differ from those of the device; null while something cannot be sent. */
export function devicePatch(form: DeviceForm, was: Device): DevicePatch | null {
  const details = detailValues(form.details)
  const name = form.name.trim()
  if (details === null || name === '' || unreadableFields(form, was).length > 0) return null
  const patch: DevicePatch = { ...detailChanges(details, was) }
  if (name !== was.name) patch.name = name
  if (form.parent_container_id !== was.parent_container_id) patch.parent_container_id = form.parent_container_id
  if (form.lifecycle !== was.lifecycle) patch.lifecycle = form.lifecycle
  if (form.pon_class !== was.pon_class) patch.pon_class = form.pon_class
  if (form.split_ratio !== (was.split_ratio ?? null)) patch.split_ratio = form.split_ratio
  for (const { key } of opticalFields(was.device_type)) {
    const value = parseNumber(form[key])
    if (value !== was[key]) patch[key] = value
  }
  return patch
}

/** The part of a patch whose effect is forecast; null without one. */
export function feltPatch(patch: DevicePatch): DevicePatch | null {
  const felt = FELT_KEYS.filter((key) => key in patch).map((key) => [key, patch[key]] as const)
  return felt.length === 0 ? null : Object.fromEntries(felt)
}

/** What is written, with the other person's values in the fields of `keys`. */
export function formWithTheirs(form: DeviceForm, theirs: Device, keys: readonly string[]): DeviceForm {
  const their = deviceForm(theirs)
  const taken = { ...form, details: { ...form.details } }
  for (const key of keys) {
    const detail = detailKey(key)
    if (detail !== null) taken.details[detail] = their.details[detail]
    else Object.assign(taken, { [key]: their[key as keyof DeviceForm] })
  }
  return taken
}
