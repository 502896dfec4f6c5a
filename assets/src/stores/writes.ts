import { shallowRef } from 'vue'
import { ApiError } from '../api/http'

const INSUFFICIENT_STORAGE = 507

/** Why the server refuses every change, or null while it accepts them. */
export const readOnlyReason = shallowRef<string | null>(null)

/** Sends a change and notes whether the server still accepts changes. */
export async function write<T>(send: () => Promise<T>): Promise<T> {
  try {
    const answer = await send()
    readOnlyReason.value = null
    return answer
  } catch (error) {
    if (error instanceof ApiError && error.status === INSUFFICIENT_STORAGE) {
      readOnlyReason.value = error.detail
    }
    throw error
  }
}
