import type { Medium } from '../api/types'

/** Fibre types as people write them. A record, so that the compiler finds a missing one. */
export const MEDIA: Record<Medium, string> = {
  G652D: 'G.652.D single-mode',
  G657A1: 'G.657.A1 single-mode',
  G657A2: 'G.657.A2 single-mode',
  OM3: 'OM3 multimode',
  OM4: 'OM4 multimode',
}
