import type { Link } from '../api/types'
import type { LinkEnd } from './linkEnds'

/** Why a link is not UP, one sentence per reason; the rules are the server's. */
export function linkReasons(link: Link, ends: { a: LinkEnd; b: LinkEnd } | null): string[] {
  const { status, status_override: override } = link
  const reasons = override === null ? [] : [`Overridden to ${override} by an operator.`]
  if (link.lifecycle !== 'in_service') reasons.push(`It is ${link.lifecycle}, so that nothing passes it.`)
  if (status === 'DOWN' && override !== 'DOWN' && ends !== null) {
    for (const { name, device } of [ends.a, ends.b]) {
      if (device !== null && device.lifecycle !== 'in_service') {
        reasons.push(`${name}, at one end, is ${device.lifecycle}.`)
      }
      if (device?.status_override === 'DOWN') reasons.push(`${name}, at one end, is overridden to DOWN.`)
    }
  }
  if (status === 'DEGRADED' && override === null) {
    reasons.push('Every optical path through it has less than 3\u00a0dB of margin.')
  }
  return reasons
}
