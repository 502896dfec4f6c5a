import { provisionMany } from '../../api/devices'
import { ApiError, detailOf } from '../../api/http'
import { simulate } from '../../api/simulate'
import type { NewDevice } from '../../api/types'
import { STEPS_MAX } from '../../composables/useForesight'
import { write } from '../../stores/writes'
import type { ImportRow } from '../../utils/deviceCsv'

/** What the server takes in one bulk call. */
const BULK_MAX = 10_000

/** Rows that passed the reading. */
export interface GoodRow extends ImportRow {
  device: NewDevice
}

export function isGood(row: ImportRow): row is GoodRow {
  return row.device !== null
}

/**
 * Asks the server about each row without keeping anything, and returns the rows with what it
 * finds. Beyond its first thousand, a row may rely on an OLT above it that the server does not
 * see in the same question: there the upstream is not asked about.
 */
export async function dryRun(rows: readonly ImportRow[]): Promise<ImportRow[]> {
  const good = rows.filter(isGood)
  const faults = new Map<ImportRow, string>()
  for (let from = 0; from < good.length; from += STEPS_MAX) {
    const part = good.slice(from, from + STEPS_MAX)
    for (const [index, detail] of await askPart(part, from === 0)) {
      const row = part[index]
      if (row !== undefined) faults.set(row, detail)
    }
  }
  return rows.map((row) => {
    const fault = faults.get(row)
    return fault === undefined ? row : { ...row, device: null, faults: [fault] }
  })
}

async function askPart(part: readonly GoodRow[], withUpstream: boolean): Promise<[number, string][]> {
  const steps = part.map(({ device }) => ({
    op: 'provision',
    ...device,
    ...(withUpstream ? {} : { validate_upstream: false }),
  }))
  try {
    await simulate(steps)
    return []
  } catch (error) {
    if (!(error instanceof ApiError) || error.rows.length === 0) throw error
    return error.rows.map(({ index, detail }) => [index, detail])
  }
}

/** Provisions the rows; returns how many were made before the first refusal, and what it was. */
export async function importRows(
  rows: readonly ImportRow[],
  progress: (done: number) => void,
): Promise<{ made: number; problem: string | null }> {
  const good = rows.filter(isGood).map(({ device }) => device)
  let made = 0
  for (let from = 0; from < good.length; from += BULK_MAX) {
    const part = good.slice(from, from + BULK_MAX)
    try {
      await write(() => provisionMany(part))
    } catch (error) {
      return { made, problem: detailOf(error) }
    }
    made += part.length
    progress(made)
  }
  return { made, problem: null }
}
