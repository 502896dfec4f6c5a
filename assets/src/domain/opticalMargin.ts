/** The margins between the signal classes (docs/03_status_and_overrides.md). */
export const MARGIN_LIMITS_DB = [0, 3, 6] as const
export const MARGIN_MIN_DB = -3
export const MARGIN_MAX_DB = 15

/** A margin clamped to the gauge. */
export function clampMargin(db: number): number {
  return Math.min(Math.max(db, MARGIN_MIN_DB), MARGIN_MAX_DB)
}

/** The position of a margin on the gauge, in percent of its width. */
export function marginPercent(db: number): number {
  return ((clampMargin(db) - MARGIN_MIN_DB) / (MARGIN_MAX_DB - MARGIN_MIN_DB)) * 100
}
