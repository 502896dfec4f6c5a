import type { Delivery, Limit, Setting, SettingsPatch } from '../api/types'
import { formatBytes, formatCount, formatCounted, formatMs } from '../utils/format'
import type { Tone } from '../utils/tone'

/** What the switch of a feature says. */
export function isOn(setting: Pick<Setting, 'value'>): boolean {
  return setting.value === true
}

export function isFeature(setting: Pick<Setting, 'default'>): boolean {
  return typeof setting.default === 'boolean'
}

export function isChanged(setting: Pick<Setting, 'value' | 'default'>): boolean {
  return setting.value !== setting.default
}

/** A value of a setting: `off`, `500 ms`. */
export function settingText({ unit }: Pick<Setting, 'unit'>, value: Setting['value']): string {
  if (typeof value === 'boolean') return value ? 'on' : 'off'
  return unit === null ? formatCount(value) : `${formatCount(value)}\u00a0${unit}`
}

/** A whole number as typed, without separators: `1,000` may mean 1 or 1000. Null when it is none. */
export function parseWhole(text: string): number | null {
  const trimmed = text.trim()
  return /^\d+$/.test(trimmed) ? Number(trimmed) : null
}

/** What brings a setting back to what it was, with the end that it had, at a time in milliseconds. */
export function undoPatch({ key, value, default: usual, ends_at: end }: Setting, now: number, forSMax: number): SettingsPatch {
  if (value === usual) return { [key]: null }
  if (end === null) return { [key]: value }
  const left = Math.ceil((Date.parse(end) - now) / 1_000)
  // The clocks of server and browser may differ.
  return { [key]: value, for_s: Math.min(Math.max(left, 1), forSMax) }
}

/** Why a number is not sent; null if it is fine. */
export function numberError({ min, max, unit }: Pick<Setting, 'min' | 'max' | 'unit'>, value: number | null): string | null {
  const isInside = value !== null && Number.isInteger(value) && value >= (min ?? 0) && value <= (max ?? Infinity)
  if (isInside) return null
  return `Enter a whole number from ${formatCount(min ?? 0)} to ${formatCount(max ?? 0)}${unit === null ? '' : ` ${unit}`}.`
}

/** Spans after which a change ends by itself, in seconds; null lets it stay. */
export const SETTING_SPANS_S: readonly (number | null)[] = [900, 3_600, 28_800, 86_400, 604_800, null]

/** What is not as usual about the events, a sentence each. */
export function deliveryRemarks({ interval_ms: interval, own_interval_ms: own, namespaces }: Delivery): string[] {
  const remarks: string[] = []
  if (own > 0) {
    remarks.push(
      `Changes come faster than they can be sent: the service sends events every ${formatMs(interval)} until they no longer do.`,
    )
  }
  const slowed = namespaces.reduce((sum, { slowed_count: count }) => sum + count, 0)
  if (slowed > 0) {
    const longest = Math.max(...namespaces.map(({ longest_wait_ms: wait }) => wait))
    const who = `${formatCounted(slowed, 'client')} cannot follow the events`
    remarks.push(`${who} and ${slowed === 1 ? 'is' : 'are'} asked to read everything again, every ${formatMs(longest)} at most.`)
  }
  return remarks
}

const GROUPS: Record<string, string> = {
  clients: 'Clients',
  work: 'Work in progress',
  memory: 'Memory and disk',
  history: 'History',
  requests: 'Each request',
}

export interface LimitGroup {
  key: string
  title: string
  limits: Limit[]
}

/** In the order of the server. */
export function groupLimits(limits: Limit[]): LimitGroup[] {
  const keys = [...new Set(limits.map(({ group }) => group))]
  return keys.map((key) => ({ key, title: GROUPS[key] ?? key, limits: limits.filter(({ group }) => group === key) }))
}

/** How much of a limit is in use, from 0 to 1; null where there is nothing to compare. */
export function limitShare({ used, max }: Pick<Limit, 'used' | 'max'>): number | null {
  if (used === null || max === null) return null
  return max === 0 ? 1 : Math.min(1, used / max)
}

const NEARLY = 0.8

/** Colour marks problems only: a limit that is reached in the normal course of things has none. */
export function limitTone(limit: Pick<Limit, 'used' | 'max' | 'is_rolling'>): Tone {
  const share = limitShare(limit)
  if (share === null || limit.is_rolling || share < NEARLY) return 'quiet'
  return share < 1 ? 'degraded' : 'down'
}

/** `12 of 4,096 connections`, `at most 4.00 MiB`. */
export function limitText({ used, max, unit }: Pick<Limit, 'used' | 'max' | 'unit'>): string {
  const isBytes = unit === 'bytes'
  const amount = (value: number) => (isBytes ? formatBytes(value) : formatCount(value))
  const noun = isBytes ? '' : `\u00a0${unit}`
  if (used !== null) return max === null ? `${amount(used)}${noun}` : `${amount(used)} of ${amount(max)}${noun}`
  return max === null ? 'unknown' : `at most ${amount(max)}${noun}`
}

/** Where the name is found that changes a limit; null where nothing does. */
export function limitChange({ changed_in: where, changed_by: name }: Pick<Limit, 'changed_in' | 'changed_by'>): string | null {
  if (name === null) return null
  return where === 'configuration' ? 'in the configuration' : 'of the host'
}
