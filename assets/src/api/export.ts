import { request } from './http'

/** The whole site as JSON Lines, for `unoc import`. */
export async function fetchExport(): Promise<string> {
  return (await request('GET', 'api/export')).text()
}
