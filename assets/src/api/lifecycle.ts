import { readJson, request } from './http'
import type { LifecycleGroup, LifecyclesSet } from './types'

/** Sets lifecycles: all of them, or none. 412 if one is no longer what its group replaces. */
export async function postLifecycles(groups: LifecycleGroup[], requestId?: string): Promise<LifecyclesSet> {
  return readJson(await request('POST', 'api/lifecycle/bulk', { groups }, { requestId }))
}
