import { readJson, request } from './http'
import type { Limits, Settings, SettingsPatch } from './types'

/** What can be changed while the service runs, and how events are sent. */
export async function fetchSettings(): Promise<Settings> {
  return readJson(await request('GET', 'api/settings'))
}

export async function patchSettings(patch: SettingsPatch): Promise<Settings> {
  return readJson(await request('PATCH', 'api/settings', patch))
}

/** The limits of the appliance, with how much of each is in use. */
export async function fetchLimits(): Promise<Limits> {
  return readJson(await request('GET', 'api/limits'))
}
