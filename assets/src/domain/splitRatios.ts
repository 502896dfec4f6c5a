import type { Device } from '../api/types'

export type SplitRatio = NonNullable<Device['split_ratio']>

/** The ratios that are sold, by their number of outputs. */
export const SPLIT_RATIOS: readonly SplitRatio[] = [2, 4, 8, 16, 32, 64, 128]
