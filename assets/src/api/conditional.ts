import { type EditConflict, editConflicts } from '../domain/editConflicts'
import { ApiError, readJson, request, TIMEOUT_MS } from './http'

const PRECONDITION_FAILED = 412

/** Each round is lost only to another change of the same thing within milliseconds. */
const ROUNDS_MAX = 5

/** Someone else has set the same fields to other values since they were read; nothing was changed. */
export class EditConflictError extends ApiError {
  constructor(readonly conflicts: readonly EditConflict[]) {
    super(PRECONDITION_FAILED, 'Someone else has changed the same values meanwhile. Nothing was changed.')
    this.name = 'EditConflictError'
  }
}

/**
 * Changes a device or link, unless someone else has changed one of the same fields since it was read as
 * `before`: then `EditConflictError` is thrown. Changes of other fields are kept.
 */
export async function patchUnlessChanged<Answer>(
  path: string,
  before: object,
  patch: object,
): Promise<Answer> {
  for (let round = 1; ; round += 1) {
    const response = await request('GET', path)
    const etag = response.headers.get('etag') ?? undefined
    const conflicts = editConflicts(before, await readJson<object>(response), patch)
    if (conflicts.length > 0) throw new EditConflictError(conflicts)
    try {
      return await readJson<Answer>(await request('PATCH', path, patch, TIMEOUT_MS, etag))
    } catch (error) {
      const isChanged = error instanceof ApiError && error.status === PRECONDITION_FAILED
      if (!isChanged || round === ROUNDS_MAX) throw error
    }
  }
}
