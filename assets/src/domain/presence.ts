import type { PresentUser } from '../live/types'

/** More names would fill the head of the panel. */
const NAMES_MAX = 3

/** Who else has a device open. Somebody who edits it in one window and looks at it in another edits it. */
export interface OthersAt {
  editing: string[]
  looking: string[]
}

/** Who else than `own` has a device open; nobody where people have no names. */
export function othersAt(users: readonly PresentUser[], deviceId: number, own: string | null): OthersAt {
  if (own === null) return { editing: [], looking: [] }
  const here = users.filter(({ device_id: id, name }) => id === deviceId && name !== own)
  const editing = namesOf(here.filter(({ is_editing: isEditing }) => isEditing))
  const looking = namesOf(here).filter((name) => !editing.includes(name))
  return { editing, looking }
}

/** `ada, bob and 2 others` */
export function listNames(names: readonly string[]): string {
  const left = names.length - NAMES_MAX
  const shown = left > 0 ? [...names.slice(0, NAMES_MAX), `${left} other${left === 1 ? '' : 's'}`] : names
  const last = shown.at(-1) ?? ''
  return shown.length < 2 ? last : `${shown.slice(0, -1).join(', ')} and ${last}`
}

function namesOf(users: readonly PresentUser[]): string[] {
  return [...new Set(users.map(({ name }) => name))].sort()
}

/** The device that a change is about; null for a link, and for several. */
export function onlyDevice(kind: 'device' | 'link', ids: readonly number[]): number | null {
  return kind === 'device' && ids.length === 1 ? (ids[0] ?? null) : null
}
