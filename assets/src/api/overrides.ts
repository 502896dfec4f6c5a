import { request } from './http'
import type { OverrideGroup } from './types'

/** Sets or clears overrides: all of them, or none. 412 if one is no longer what its group replaces. */
export async function postOverrides(groups: OverrideGroup[], requestId?: string): Promise<void> {
  await request('POST', 'api/overrides/bulk', { groups }, { requestId })
}
