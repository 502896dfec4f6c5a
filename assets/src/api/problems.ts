import { readJson, request } from './http'
import type { Separator } from './tables'
import type { Customer, Overrides, ProblemDetail, Problems } from './types'

/** The device or link that a problem comes from. */
export interface Cause {
  kind: string
  id: number
}

export async function fetchProblems(): Promise<Problems> {
  return readJson(await request('GET', 'api/problems'))
}

/** Everything about one problem; `ApiError` 404 when it is none (any more). */
export async function fetchProblem(cause: Cause): Promise<ProblemDetail> {
  return readJson(await request('GET', pathOf(cause)))
}

/** The first customers behind a cause, ascending by id. */
export async function fetchCustomers(cause: Cause, limit: number): Promise<Customer[]> {
  return readJson(await request('GET', `${pathOf(cause)}/customers?limit=${limit}`))
}

/** All customers behind a cause as a table. */
export async function fetchCustomerTable(cause: Cause, separator: Separator): Promise<string> {
  return (await request('GET', `${pathOf(cause)}/customers.csv?separator=${separator}`)).text()
}

/** Every override of a device or link. */
export async function fetchOverrides(): Promise<Overrides> {
  return readJson(await request('GET', 'api/overrides'))
}

function pathOf({ kind, id }: Cause): string {
  return `api/problems/${encodeURIComponent(kind)}/${id}`
}
