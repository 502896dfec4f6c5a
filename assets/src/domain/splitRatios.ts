import type { Device } from '../api/types'

/** The ratios that are sold, by their number of outputs. */
export const SPLIT_RATIOS: readonly NonNullable<Device['split_ratio']>[] = [2, 4, 8, 16, 32, 64, 128]
