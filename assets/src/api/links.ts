import { request } from './http'

export async function clearLinkOverride(linkId: number): Promise<void> {
  await request('DELETE', `api/links/${linkId}/override`)
}
