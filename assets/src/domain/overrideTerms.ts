import { formatMoment } from '../utils/format'
import type { OverrideSetting } from './overrides'

/** When an override ends, and whether it is planned work: `Planned work until today, 04:00.` */
export function overrideTerms({ endsAt, isPlanned }: OverrideSetting, now: number): string {
  const until = endsAt === null ? '' : ` until ${formatMoment(endsAt, now)}`
  return isPlanned ? `Planned work${until}` : endsAt === null ? '' : `Ends ${formatMoment(endsAt, now)}`
}
