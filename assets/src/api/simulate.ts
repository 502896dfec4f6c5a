import { readJson, request } from './http'
import type { Simulated, Simulation } from './types'

/** What changes would do. Nothing is committed. */
export async function simulate(changes: Simulation['changes']): Promise<Simulated> {
  return readJson(await request('POST', 'api/simulate', { changes }))
}
