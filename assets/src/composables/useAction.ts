import { type ShallowRef, shallowRef } from 'vue'
import { describeError } from '../api/http'
import { notifyError } from '../stores/notices'

/** Runs the action of a button, one at a time; an error is shown as a notice. */
export function useAction(): {
  /** The name of the action that runs, or null. */
  runningAction: Readonly<ShallowRef<string | null>>
  runAction: (name: string, run: () => Promise<unknown>) => Promise<void>
} {
  const runningAction = shallowRef<string | null>(null)

  async function runAction(name: string, run: () => Promise<unknown>): Promise<void> {
    if (runningAction.value !== null) return
    runningAction.value = name
    try {
      await run()
    } catch (error) {
      notifyError(describeError(error))
    }
    runningAction.value = null
  }

  return { runningAction, runAction }
}
