import { sendUnlessChanged } from './conditional'
import { request, TIMEOUT_MS } from './http'
import type { Device, Link } from './types'

/** The override of a device or link, as its JSON has it. */
export type OverrideFields = Pick<Device | Link, 'status_override' | 'override_reason'>

/**
 * Sets or clears the override of a device; throws `EditConflictError` if someone else has set another one
 * since `before`.
 */
export async function putDeviceOverride(id: number, before: OverrideFields, next: OverrideFields): Promise<void> {
  const path = `api/devices/${id}`
  const { status_override: status, override_reason: reason } = next
  const send = (ifMatch: string | undefined): Promise<Response> => {
    if (status === null) return request('DELETE', `${path}/override`, undefined, TIMEOUT_MS, ifMatch)
    if (status !== 'DEGRADED') return request('PATCH', `${path}/override`, next, TIMEOUT_MS, ifMatch)
    // Only v2's older call accepts it.
    return request('POST', `${path}/override-status`, { status, reason }, TIMEOUT_MS, ifMatch)
  }
  await sendUnlessChanged(before, { path, patch: next, send })
}

/** The same for a link. */
export async function putLinkOverride(id: number, before: OverrideFields, next: OverrideFields): Promise<void> {
  const path = `api/links/${id}`
  const send = (ifMatch: string | undefined): Promise<Response> =>
    next.status_override === null
      ? request('DELETE', `${path}/override`, undefined, TIMEOUT_MS, ifMatch)
      : request('PATCH', path, next, TIMEOUT_MS, ifMatch)
  await sendUnlessChanged(before, { path, patch: next, send })
}
