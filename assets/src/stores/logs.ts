import { deleteLogLevel, fetchLogLevels, fetchLogSummary, putLogLevel } from '../api/logs'
import type { NewLogLevel } from '../api/types'
import { poll } from '../composables/poll'

const SUMMARY_PAUSE_MS = 30_000
const LEVELS_PAUSE_MS = 15_000
/** A level that ends shortly is looked at again then. */
const LEVELS_PAUSE_MS_MIN = 1_000

/** The warnings and errors of the last 24 hours. */
export const logSummary = poll(fetchLogSummary, () => SUMMARY_PAUSE_MS)

/** The configured level of the log, and those that are changed for some time. */
export const logLevels = poll(fetchLogLevels, (value) => {
  const next = Math.min(...(value?.changes ?? []).map(({ ends_in_s }) => ends_in_s * 1_000 + LEVELS_PAUSE_MS_MIN))
  return Math.max(LEVELS_PAUSE_MS_MIN, Math.min(LEVELS_PAUSE_MS, next))
})

export async function changeLogLevel(level: NewLogLevel): Promise<void> {
  logLevels.put(await putLogLevel(level))
}

export async function endLogLevel(target: string): Promise<void> {
  logLevels.put(await deleteLogLevel(target))
}
