import { shallowRef } from 'vue'
import { describeError } from '../../api/http'
import { notifyError } from '../../stores/notices'
import { loadTrace, type Trace, traceText } from '../trace'
import type { Announcer } from './useAnnouncement'
import type { Selection } from './useSelection'

/** The upstream path that is shown, of a selected device. */
export function useTrace(selection: Selection, announcer: Announcer) {
  const trace = shallowRef<Trace | null>(null)

  async function start(id: number): Promise<void> {
    try {
      const found = await loadTrace(id)
      if (!selection.isSelected(id)) return
      trace.value = found
      announcer.append(traceText(found))
    } catch (error) {
      notifyError(describeError(error))
    }
  }

  function end(): void {
    trace.value = null
  }

  /** Shows or hides the path of the selected device; false unless exactly one is selected. */
  function toggle(): boolean {
    const id = selection.onlyId()
    if (id === null) return false
    if (trace.value?.deviceId === id) end()
    else void start(id)
    return true
  }

  return { trace, start, end, toggle }
}

export type TraceControls = ReturnType<typeof useTrace>
