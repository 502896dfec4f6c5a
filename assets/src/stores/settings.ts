import { patchSettings, fetchSettings } from '../api/settings'
import type { SettingsPatch } from '../api/types'
import { poll } from '../composables/poll'
import { write } from './writes'

const PAUSE_MS = 10_000

/** What can be changed while the service runs, and how events are sent. */
export const settings = poll(fetchSettings, () => PAUSE_MS)

export async function changeSettings(patch: SettingsPatch): Promise<void> {
  settings.put(await write(() => patchSettings(patch)))
}
