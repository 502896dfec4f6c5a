import { computed, type ComputedRef, shallowRef, type ShallowRef } from 'vue'
import { describeError } from '../api/http'
import { type Encoding, type Outcome, sendTable } from '../api/tables'
import type { ImportErrors, ImportReport } from '../api/types'

/** The largest table that the server accepts. */
export const FILE_BYTES_MAX = 16 * 1024 * 1024

/** The phase of an import. The bytes that were checked are the bytes that are imported. */
export type ImportState =
  | { phase: 'choose'; errorText: string | null }
  | { phase: 'checking' }
  | { phase: 'faulty'; faults: ImportErrors }
  | { phase: 'ready'; report: ImportReport; table: ArrayBuffer }
  | { phase: 'importing'; report: ImportReport; table: ArrayBuffer }
  | { phase: 'done'; report: ImportReport }

type Send = typeof sendTable

/** Checks a table on the server and imports it; `send` stands for the server. */
export function useTableImport(send: Send = sendTable): {
  state: Readonly<ShallowRef<ImportState>>
  fileName: Readonly<ShallowRef<string>>
  encoding: ShallowRef<Encoding>
  /** What is new arrives as planned. */
  isPlan: ShallowRef<boolean>
  busy: ComputedRef<boolean>
  check: (file: Blob & { name: string }) => Promise<void>
  checkAgain: () => Promise<void>
  importIt: (requestId?: string) => Promise<void>
} {
  const state = shallowRef<ImportState>({ phase: 'choose', errorText: null })
  const fileName = shallowRef('')
  const encoding = shallowRef<Encoding>('utf-8')
  const isPlan = shallowRef(false)
  let chosen: (Blob & { name: string }) | null = null
  /** Counts what was asked: only the newest question's answer is shown. */
  let turn = 0

  async function check(file: Blob & { name: string }): Promise<void> {
    chosen = file
    fileName.value = file.name
    turn += 1
    const mine = turn
    state.value = { phase: 'checking' }
    const next = await ask(file)
    if (mine === turn) state.value = next
  }

  async function ask(file: Blob): Promise<ImportState> {
    if (file.size > FILE_BYTES_MAX) return failed('The file is larger than 16 MiB; split it.')
    let table: ArrayBuffer
    try {
      table = await file.arrayBuffer()
    } catch {
      return failed('The file cannot be read, or has changed since it was chosen; choose it again.')
    }
    try {
      return shown(await send(table, { encoding: encoding.value, dryRun: true, isPlan: isPlan.value }), (report) => ({
        phase: 'ready',
        report,
        table,
      }))
    } catch (error) {
      return failed(describeError(error))
    }
  }

  async function checkAgain(): Promise<void> {
    if (chosen !== null) await check(chosen)
  }

  async function importIt(requestId?: string): Promise<void> {
    if (state.value.phase !== 'ready') return
    const { report, table } = state.value
    state.value = { phase: 'importing', report, table }
    try {
      const options = { encoding: encoding.value, dryRun: false, isPlan: isPlan.value, requestId }
      const outcome = await send(table, options)
      state.value = shown(outcome, (done) => ({ phase: 'done', report: done }))
    } catch (error) {
      state.value = failed(describeError(error))
    }
  }

  const busy = computed(() => state.value.phase === 'importing')
  return { state, fileName, encoding, isPlan, busy, check, checkAgain, importIt }
}

function shown(outcome: Outcome, good: (report: ImportReport) => ImportState): ImportState {
  return 'report' in outcome ? good(outcome.report) : { phase: 'faulty', faults: outcome.faults }
}

function failed(errorText: string): ImportState {
  return { phase: 'choose', errorText }
}
