import { onScopeDispose, shallowRef, type ShallowRef } from 'vue'

const STEP_MS = 1_000

/** Seconds that pass until something can be tried again. */
export function useCountdown(): { secondsLeft: Readonly<ShallowRef<number>>; start: (seconds: number) => void } {
  const secondsLeft = shallowRef(0)
  let timer: ReturnType<typeof setInterval> | undefined

  function start(seconds: number): void {
    clearInterval(timer)
    // By the clock: timers of a page in the background are late.
    const end = Date.now() + seconds * 1_000
    const tick = (): void => {
      secondsLeft.value = Math.max(0, Math.ceil((end - Date.now()) / 1_000))
      if (secondsLeft.value === 0) clearInterval(timer)
    }
    timer = setInterval(tick, STEP_MS)
    tick()
  }

  onScopeDispose(() => clearInterval(timer))
  return { secondsLeft, start }
}
