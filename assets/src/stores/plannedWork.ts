import { watch } from 'vue'
import { type Cause, fetchCustomers } from '../api/problems'
import type { Problem } from '../api/types'
import { isPlannedWork } from '../domain/problems'
import { markBehindPlannedWork } from './devices'
import { problems } from './problems'

/** One page of the server's list. What is beyond it is drawn as an outage. */
const CUSTOMERS_MAX = 10_000
/** A night has few works of more than 100 devices; each is one request when it changes. */
const LARGE_MAX = 20

/** The customers behind large works, by what they depend on. */
let customersBehind = new Map<string, readonly number[]>()
/** Grows with every list: an answer for an older one is dropped. */
let round = 0

/** Marks what is DOWN or DEGRADED because of planned work from now on, as the server's problems say it. */
export function followPlannedWork(): void {
  watch(problems, (state) => {
    if (state.phase === 'ready') void mark(state.list.filter(isPlannedWork))
  })
}

async function mark(works: readonly Problem[]): Promise<void> {
  round += 1
  const mine = round
  const large = works.filter(isLarge).slice(0, LARGE_MAX)
  markBehindPlannedWork(behind(works))
  const known = await Promise.all(large.map(async (work) => [keyOf(work), await customersOf(work)] as const))
  if (mine !== round) return
  customersBehind = new Map(known)
  markBehindPlannedWork(behind(works))
}

/** The devices that the problems list, and the customers behind those that cannot list all. */
function behind(works: readonly Problem[]): Set<number> {
  return new Set(works.flatMap((work) => [...work.device_ids, ...(customersBehind.get(keyOf(work)) ?? [])]))
}

async function customersOf(work: Problem): Promise<readonly number[]> {
  const known = customersBehind.get(keyOf(work))
  if (known !== undefined) return known
  const cause: Cause = work
  try {
    return (await fetchCustomers(cause, CUSTOMERS_MAX)).map(({ id }) => id)
  } catch {
    // It may be over by now. The next list asks again.
    return []
  }
}

function isLarge({ device_count: count, device_ids: listed }: Problem): boolean {
  return count > listed.length
}

function keyOf({ kind, id, since, device_count: devices, leaf_count: leaves }: Problem): string {
  return `${kind} ${id} ${since} ${devices} ${leaves}`
}
