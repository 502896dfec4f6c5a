import { fetchRunbook, postDutyAction, postDutyRecord } from '../api/runbook'
import type { Duty } from '../api/types'
import { poll } from '../composables/poll'
import { jobs } from './jobs'
import { rememberName } from './personName'
import { write } from './writes'

const PAUSE_MS = 10_000
/** While a job that a duty started is under way. */
const PAUSE_MS_RUNNING = 1_000

/** The duties of the site, as the server sees them. */
export const runbook = poll(fetchRunbook, () => {
  const isRunning = jobs.state.value.value?.jobs.some(({ running }) => running !== null) ?? false
  return isRunning ? PAUSE_MS_RUNNING : PAUSE_MS
})

/** Does a duty now; a job that it starts shows its end in the evidence. */
export async function doDuty({ action }: Duty): Promise<void> {
  if (action === null) return
  await write(() => postDutyAction(action.path))
  await jobs.refresh()
  await runbook.refresh()
}

/** Records that a person did a duty; the name is remembered for the next time. */
export async function recordDuty(key: string, name: string, note: string): Promise<void> {
  rememberName(name)
  await write(() => postDutyRecord(key, note === '' ? { name } : { name, note }))
  await runbook.refresh()
}
