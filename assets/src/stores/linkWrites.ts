import { deleteLink } from '../api/links'
import { write } from './writes'

export async function removeLink(id: number): Promise<void> {
  await write(() => deleteLink(id))
}
