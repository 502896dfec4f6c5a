import { readonly, shallowRef } from 'vue'

/** Ages are shown in whole units; a finer clock would only cost repaints. */
const STEP_MS = 5_000

const clock = shallowRef(Date.now())
setInterval(() => (clock.value = Date.now()), STEP_MS)

/** The time, in milliseconds, moving in steps. */
export const now = readonly(clock)
