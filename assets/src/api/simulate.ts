import { readJson, request } from './http'
import type { Simulated, Simulation } from './types'

/** What changes would do; without `details` only its counts. Nothing is committed. */
export async function simulate(changes: Simulation['changes'], details = true): Promise<Simulated> {
  return readJson(await request('POST', 'api/simulate', { changes, details }))
}
