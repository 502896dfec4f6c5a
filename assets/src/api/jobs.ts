import { ApiError, readJson, request } from './http'

/** What `GET /api/jobs` says: what the appliance does by itself. */
export interface Jobs {
  /** Of the schedules: a name, or an offset. */
  timezone: string
  jobs: Job[]
}

export interface Job {
  name: string
  title: string
  /** Five fields of cron, in the time of the host. */
  schedule: string
  default_schedule: string
  is_enabled: boolean
  next_run_at: string | null
  running: JobRun | null
  /** Newest first, at most 20. */
  runs: JobRun[]
}

export interface JobRun {
  id: number
  trigger: 'schedule' | 'manual' | 'missed' | 'repair'
  started_at: string
  ended_at: string | null
  duration_ms: number | null
  result: 'running' | 'ok' | 'failed' | 'interrupted'
  message: string | null
  log: string[]
}

export interface JobPatch {
  /** Null: the default again. */
  schedule?: string | null
  is_enabled?: boolean
}

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
