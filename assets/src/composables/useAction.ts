import { type ShallowRef, shallowRef } from 'vue'
import { describeError } from '../api/http'
import { notifyError } from '../stores/notices'

/** Runs what a button asks for. One at a time; a failure is said as a notice. */
export function useAction(): {
  /** The name of what runs, or null. */
  acting: Readonly<ShallowRef<string | null>>
  act: (name: string, run: () => Promise<unknown>) => Promise<void>
} {
  const acting = shallowRef<string | null>(null)

  async function act(name: string, run: () => Promise<unknown>): Promise<void> {
    if (acting.value !== null) return
    acting.value = name
    try {
      await run()
    } catch (error) {
      notifyError(describeError(error))
    }
    acting.value = null
  }

  return { acting, act }
}
