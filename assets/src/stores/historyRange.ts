import { shallowRef } from 'vue'
import { HISTORY_RANGES, type HistoryRange } from '../domain/customerHistory'

/** The range of the chart on the Overview; it stays while other pages are open. */
export const historyRange = shallowRef<HistoryRange>(HISTORY_RANGES[0])
