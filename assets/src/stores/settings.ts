import { patchSettings, fetchSettings } from '../api/settings'
import type { Setting, SettingsPatch } from '../api/types'
import { poll } from '../composables/poll'
import { undoPatch } from '../domain/settings'
import { write } from './writes'

const PAUSE_MS = 10_000

/** What can be changed while the service runs, and how events are sent. */
export const settings = poll(fetchSettings, () => PAUSE_MS)

export async function changeSettings(patch: SettingsPatch): Promise<void> {
  settings.put(await write(() => patchSettings(patch)))
}

/** Brings a setting back to what it was, for as long as it was to be so. */
export async function restoreSetting(before: Setting): Promise<void> {
  await changeSettings(undoPatch(before, Date.now(), settings.state.value.value?.for_s_max ?? Infinity))
}
