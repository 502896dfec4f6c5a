/** Margins that part the classes of a signal, as the server draws them (docs/03). */
export const MARGIN_LIMITS_DB = [0, 3, 6] as const
export const MARGIN_MIN_DB = -3
export const MARGIN_MAX_DB = 15

/** A margin held within the gauge. */
export function clampMargin(db: number): number {
  return Math.min(Math.max(db, MARGIN_MIN_DB), MARGIN_MAX_DB)
}

/** Where a margin stands on the gauge, as a percentage of its width. */
export function marginPercent(db: number): number {
  return ((clampMargin(db) - MARGIN_MIN_DB) / (MARGIN_MAX_DB - MARGIN_MIN_DB)) * 100
}
