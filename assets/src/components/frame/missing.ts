import { connection } from '../../live/feed'

/** A server that answers, but not with a part of this page, has those of another build. */
export const PART_REMOVED =
  'The server no longer has this part of the page, probably because it was updated. Reload the page.'

/** Why a part of the page did not arrive. */
export function missingReason(): string {
  if (connection.value === 'live') return PART_REMOVED
  return 'This part of the page has not been loaded yet, and the server does not respond. Try again when it is back.'
}
