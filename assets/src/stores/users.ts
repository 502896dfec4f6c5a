import { deleteUser, fetchUsers, type NewUser, patchUser, postUser, type User, type UserPatch } from '../api/users'
import { type Poll, poll } from '../composables/poll'
import { loadSession } from './session'
import { write } from './writes'

const PAUSE_MS = 15_000

/** Who may log in, while the component is there that calls it; for admins. */
export function pollUsers(): Poll<User[]> {
  return poll(fetchUsers, () => PAUSE_MS)
}

/** Adds a user. The first one makes everybody log in, also whoever adds them. */
export async function addUser(user: NewUser): Promise<User> {
  const made = await write(() => postUser(user))
  await loadSession()
  return made
}

export async function changeUser(id: number, patch: UserPatch): Promise<User> {
  return write(() => patchUser(id, patch))
}

export async function removeUser(id: number): Promise<void> {
  await write(() => deleteUser(id))
}
