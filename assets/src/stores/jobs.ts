import { fetchJobs, patchJob, runJob } from '../api/jobs'
import type { Job, JobPatch } from '../api/types'
import { poll } from '../composables/poll'
import { write } from './writes'

const PAUSE_MS = 15_000
const PAUSE_MS_RUNNING = 1_000
/** A server without jobs gets none by itself. */
const PAUSE_MS_NONE = 60_000

/** What the appliance does by itself; null from an older server. */
export const jobs = poll(fetchJobs, (value) => {
  if (value === null) return PAUSE_MS_NONE
  return value.jobs.some(({ running }) => running !== null) ? PAUSE_MS_RUNNING : PAUSE_MS
})

/** Starts a job; its end shows in the list. */
export async function startJob(name: string): Promise<void> {
  await write(() => runJob(name))
  await jobs.refresh()
}

export async function changeJob(name: string, patch: JobPatch): Promise<void> {
  put(await write(() => patchJob(name, patch)))
}

function put(job: Job): void {
  const value = jobs.state.value.value
  if (value === null) return
  jobs.put({ ...value, jobs: value.jobs.map((each) => (each.name === job.name ? job : each)) })
}
