import type { CausePath, CausePathPart, Redundancy } from '../api/types'
import { formatCount, formatCounted, formatUnit } from '../utils/format'

/** Where on its path a problem begins, as a sentence. */
export function breakText({ last_lit: lit, first_dark: dark, parts }: CausePath): string {
  if (parts.length === 0) return 'The path to it is not known.'
  if (dark === null) return 'The whole path down to it is lit.'
  if (lit !== null) return `Lit down to ${lit.name}, dark from ${dark.name}.`
  return parts.length === 1 ? `No link leads from ${dark.name} up to the backbone.` : `Dark from ${dark.name}.`
}

/** The ports and the length of a link of a path. */
export function linkText({ upper_port: upper, lower_port: lower, length_km: length }: CausePathPart): string {
  const ports = upper === null && lower === null ? '' : `${upper ?? '?'} → ${lower ?? '?'}`
  return [ports, length === null ? '' : formatUnit(length, 'km')].filter((part) => part !== '').join(', ')
}

/** How many uplinks are left, as a sentence. */
export function redundancyText(redundancy: Redundancy | null): string {
  if (redundancy === null) return 'None: there is one way only.'
  const { device_name: name, uplink_count: all, working_uplink_count: working, uplinks } = redundancy
  if (all === 0) return `${name} has no uplink to a backbone gateway.`
  if (all === 1) return working === 1 ? `${name} has one uplink, and it works.` : `The only uplink of ${name} does not work.`
  const via = uplinks.filter(({ is_working }) => is_working).map(({ via_name }) => via_name)
  const what = `${formatCount(working)} of ${formatCounted(all, 'uplink')} of ${name}`
  if (working === 0) return `None of ${formatCounted(all, 'uplink')} of ${name} works.`
  return `${what} ${working === 1 ? 'works' : 'work'}: through ${[...new Set(via)].join(', ')}.`
}
