import { request } from './http'
import type { LifecycleGroup } from './types'

/** Sets lifecycles: all of them, or none. 412 if one is no longer what its group replaces. */
export async function postLifecycles(groups: LifecycleGroup[], requestId?: string): Promise<void> {
  await request('POST', 'api/lifecycle/bulk', { groups }, { requestId })
}
