import type { Backup } from '../../api/types'
import { formatBytes, formatMs } from '../../utils/format'

/** Powers of two, so that the marks of an axis are round numbers of KiB, MiB and GiB. */
const BYTE_STEPS = Array.from({ length: 44 }, (_, power) => 2 ** power)

/** What a chart of the backups draws, oldest first. */
export interface Series {
  label: string
  values: (number | null)[]
  format: (value: number) => string
  scale?: string
  steps?: number[]
}

export function timesOf(backups: readonly Backup[]): number[] {
  return oldestFirst(backups).map(({ taken_at: at }) => Date.parse(at) / 1_000)
}

/** Both on one axis, as below: their proportion is what the packing saves. */
export function sizeSeries(backups: readonly Backup[]): Series[] {
  const list = oldestFirst(backups)
  return [
    { label: 'File', values: list.map(({ bytes }) => bytes), format: formatBytes, scale: 'size', steps: BYTE_STEPS },
    { label: 'Plain SQL', values: list.map((each) => each.plain_bytes), format: formatBytes, scale: 'size', steps: BYTE_STEPS },
  ]
}

/** What the verification adds to the backup. */
export function durationSeries(backups: readonly Backup[]): Series[] {
  const list = oldestFirst(backups)
  const verified = list.map(({ verification }) => verification?.duration_ms ?? null)
  return [
    { label: 'Backup', values: list.map((each) => each.duration_ms), format: formatMs, scale: 'duration' },
    { label: 'Verification', values: verified, format: formatMs, scale: 'duration' },
  ]
}

function oldestFirst(backups: readonly Backup[]): Backup[] {
  return [...backups].reverse()
}
