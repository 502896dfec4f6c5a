import { DELETION_PATCH, type EditConflict, editConflicts } from '../domain/editConflicts'
import { ApiError, readJson, request } from './http'

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

/** A request that changes the device or link at `path`, of which `patch` has the fields that it sets. */
export interface Change {
  path: string
  patch: object
  send: (ifMatch: string | undefined) => Promise<Response>
}

/**
 * Sends a change of a device or link, unless someone else has changed one of the same fields since it was
 * read as `before`: then `EditConflictError` is thrown. Changes of other fields are kept.
 */
export async function sendUnlessChanged(before: object, { path, patch, send }: Change): Promise<Response> {
  const check = (current: object): void => {
    const conflicts = editConflicts(before, current, patch)
    if (conflicts.length > 0) throw new EditConflictError(conflicts)
  }
  return sendChecked(path, check, send)
}

/**
 * Sends a change of what is at `path` for exactly the state that `check` has accepted; `check` throws where the
 * change must not be made. After a change of something else it is checked and sent again.
 */
export async function sendChecked<Current>(
  path: string,
  check: (current: Current) => void,
  send: Change['send'],
): Promise<Response> {
  for (let round = 1; ; round += 1) {
    const response = await request('GET', path)
    const etag = response.headers.get('etag') ?? undefined
    check(await readJson<Current>(response))
    try {
      return await send(etag)
    } catch (error) {
      const isChanged = error instanceof ApiError && error.status === PRECONDITION_FAILED
      if (!isChanged || round === ROUNDS_MAX) throw error
    }
  }
}

/** As `sendUnlessChanged`, by PATCH. */
export async function patchUnlessChanged<Answer>(
  path: string,
  before: object,
  patch: object,
  requestId?: string,
): Promise<Answer> {
  const send = (ifMatch: string | undefined) => request('PATCH', path, patch, { ifMatch, requestId })
  return readJson<Answer>(await sendUnlessChanged(before, { path, patch, send }))
}

/** Deletes a device or link, unless someone else has changed anything of it that a person sets. */
export async function deleteUnlessChanged(path: string, before: object, requestId?: string): Promise<void> {
  const send = (ifMatch: string | undefined) => request('DELETE', path, undefined, { ifMatch, requestId })
  await sendUnlessChanged(before, { path, patch: DELETION_PATCH, send })
}
