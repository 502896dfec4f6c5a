import { expect, test } from 'vitest'
import { ApiError } from '../api/http'
import type { Outcome } from '../api/tables'
import type { ImportReport } from '../api/types'
import { FILE_BYTES_MAX, useTableImport } from './useTableImport'

function report(created: number, isDryRun = true): Outcome {
  const told: ImportReport = {
    kind: 'devices',
    is_dry_run: isDryRun,
    rows: created,
    created,
    updated: 0,
    unchanged: 0,
    interfaces_created: 0,
    connected: 0,
    planned: 0,
    by_type: [],
    columns_passed_over: [],
  }
  return { report: told }
}

function file(text: string, name = 'site.csv'): File {
  return new File([text], name)
}

/** A server whose responses are triggered by the test. */
function server() {
  const asked: { text: string; dryRun: boolean; isPlan: boolean; encoding: string; answer: (it: Outcome | Error) => void }[] = []
  const send = (table: ArrayBuffer, options: { encoding: string; dryRun: boolean; isPlan: boolean }): Promise<Outcome> =>
    new Promise((resolve, reject) => {
      const answer = (it: Outcome | Error): void => (it instanceof Error ? reject(it) : resolve(it))
      asked.push({ text: new TextDecoder().decode(table), ...options, answer })
    })
  const question = async (index: number) => {
    while (asked[index] === undefined) await new Promise((done) => setTimeout(done))
    return asked[index]
  }
  return { send, question, asked }
}

test('an older check never wins over a newer one', async () => {
  const { send, question } = server()
  const it = useTableImport(send)
  const first = it.check(file('old'))
  const older = await question(0)
  const second = it.check(file('new'))
  const newer = await question(1)
  newer.answer(report(2))
  await second
  older.answer({ faults: { detail: 'old', fault_count: 1, faults: [] } })
  await first
  expect(it.state.value).toMatchObject({ phase: 'ready', report: { created: 2 } })
  expect(newer.text).toBe('new')
})

test('the corrected file is checked again, and what was checked is imported', async () => {
  const { send, question, asked } = server()
  const it = useTableImport(send)
  const faulty = it.check(file('bad'))
  const fault = { line: 3, column: null, name: 'X', detail: 'wrong' }
  ;(await question(0)).answer({ faults: { detail: 'no', fault_count: 1, faults: [fault] } })
  await faulty
  expect(it.state.value).toMatchObject({ phase: 'faulty', faults: { faults: [{ line: 3 }] } })
  await it.importIt()
  expect(asked).toHaveLength(1)

  const corrected = it.check(file('good'))
  ;(await question(1)).answer(report(1))
  await corrected
  it.isPlan.value = true
  const again = it.checkAgain()
  const plan = await question(2)
  expect([plan.text, plan.dryRun, plan.isPlan]).toEqual(['good', true, true])
  plan.answer(report(1))
  await again
  const done = it.importIt()
  const sent = await question(3)
  expect([sent.text, sent.dryRun, sent.isPlan]).toEqual(['good', false, true])
  sent.answer(report(1, false))
  await done
  expect(it.state.value).toMatchObject({ phase: 'done', report: { is_dry_run: false } })
})

test('another encoding is another check; faults of the import itself are shown as well', async () => {
  const { send, question } = server()
  const it = useTableImport(send)
  const first = it.check(file('x'))
  ;(await question(0)).answer(new ApiError(503, 'Busy.'))
  await first
  expect(it.state.value).toEqual({ phase: 'choose', errorText: 'Busy.' })
  it.encoding.value = 'windows-1252'
  const second = it.checkAgain()
  const asked = await question(1)
  expect(asked.encoding).toBe('windows-1252')
  asked.answer(report(1))
  await second
  const done = it.importIt()
  ;(await question(2)).answer({ faults: { detail: 'taken meanwhile', fault_count: 0, faults: [] } })
  await done
  expect(it.state.value).toMatchObject({ phase: 'faulty', faults: { detail: 'taken meanwhile' } })
})

test('a file that is too large is not sent', async () => {
  const { send, asked } = server()
  const it = useTableImport(send)
  const huge = { size: FILE_BYTES_MAX + 1, name: 'huge.csv' } as File
  await it.check(huge)
  expect(it.state.value).toMatchObject({ phase: 'choose' })
  expect(asked).toHaveLength(0)
})
