import { ApiError, readJson, request } from './http'
import type { Job, JobPatch, JobRun, Jobs } from './types'

const NOT_FOUND = 404

/** All of them; null from a server that has none. */
export async function fetchJobs(): Promise<Jobs | null> {
  try {
    return await readJson<Jobs>(await request('GET', 'api/jobs'))
  } catch (error) {
    if (error instanceof ApiError && error.status === NOT_FOUND) return null
    throw error
  }
}

/** Starts it and answers at once. */
export async function runJob(name: string): Promise<JobRun> {
  return readJson(await request('POST', `${pathOf(name)}/run`))
}

export async function patchJob(name: string, patch: JobPatch): Promise<Job> {
  return readJson(await request('PATCH', pathOf(name), patch))
}

function pathOf(name: string): string {
  return `api/jobs/${encodeURIComponent(name)}`
}
