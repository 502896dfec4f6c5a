import { expect, test } from 'vitest'
import type { AuditChange, AuditRow } from '../api/types'
import { affects, groupRows, summarizeRow, describeChange } from './audit'

const before = { id: 7, name: 'ONT-1', device_type: 'ONT', status_override: null, updated_at: 'a' }
const after = { ...before, status_override: 'DOWN', updated_at: 'b', status_reasons: ['override'] }
const change = { kind: 'device', id: 7, before, after } as unknown as AuditChange
const port = { kind: 'interface', id: 3, before: null, after: { id: 3, name: 'eth0', device_id: 7 } }
const link = { kind: 'link', id: 2, before: { id: 2 }, after: null }

test('a change lists its values, not its times', () => {
  expect(describeChange(change)).toEqual({
    key: 'device 7',
    kind: 'device',
    id: 7,
    what: 'ONT ONT-1 changed',
    isRemoved: false,
    fields: [{ key: 'status_override', before: 'none', after: 'DOWN' }],
  })
  expect(describeChange(port as unknown as AuditChange).what).toBe('Interface eth0 added')
  expect(describeChange(link as unknown as AuditChange).what).toBe('Link 2 removed')
})

test('a device is affected by itself and its ports, a link by itself', () => {
  expect(affects(change, 'device', 7)).toBe(true)
  expect(affects(port as unknown as AuditChange, 'device', 7)).toBe(true)
  expect(affects(port as unknown as AuditChange, 'device', 8)).toBe(false)
  expect(affects(link as unknown as AuditChange, 'device', 2)).toBe(false)
  expect(affects(link as unknown as AuditChange, 'link', 2)).toBe(true)
  expect(affects(change, 'link', 7)).toBe(false)
})

test.each([
  [{ changes: [port, change], change_count: 2 }, 'ONT-1'],
  [{ changes: [change], change_count: 1226 }, '1,226\u00a0entities'],
  [{ changes: [], change_count: 0 }, '0\u00a0entities'],
])('a row in one line', (row, expected) => {
  expect(summarizeRow(row as unknown as AuditRow)).toBe(expected)
})

function moved(id: number, second: number, more: object = {}, to: object = { x: 9 }): AuditRow {
  const from = { id: id + 100, name: `ONT-${id}`, device_type: 'ONT', x: 0, y: 0, name_of: null }
  const at = new Date(Date.UTC(2026, 10, 28, 18, 0, second)).toISOString()
  const changes = [{ kind: 'device', id: id + 100, before: from, after: { ...from, ...to } }]
  return { id, at, actor: 'api ::1', action: 'update device', changes, change_count: 1, ...more } as unknown as AuditRow
}

test('devices that were moved together are one line, and so is the undo', () => {
  const drag = Array.from({ length: 24 }, (_, at) => moved(24 - at, 1))
  const [line, ...rest] = groupRows(drag)
  expect(rest).toEqual([])
  expect(line).toMatchObject({ key: 24, requests: 24, row: { action: 'move devices', change_count: 24 } })
  expect(summarizeRow(line?.row as AuditRow)).toBe('24\u00a0devices')
})

test.each<[string, AuditRow[], number]>([
  ['another actor', [moved(2, 1), moved(1, 1, { actor: 'import' })], 2],
  ['a while later', [moved(2, 9), moved(1, 1)], 2],
  ['a rename too', [moved(2, 1, {}, { x: 9, name: 'NEW' }), moved(1, 1)], 2],
  ['nothing between', [moved(3, 2), moved(2, 1, { action: 'set override', changes: [], change_count: 0 }), moved(1, 1)], 3],
  ['one after the other', [moved(3, 3), moved(2, 2), moved(1, 1)], 1],
])('moves stay apart or join: %s', (_, rows, expected) => {
  expect(groupRows(rows)).toHaveLength(expected)
})

test('an opened line stays the same one when rows join at either end', () => {
  const drag = Array.from({ length: 9 }, (_, at) => moved(9 - at, 1))
  const first = groupRows(drag.slice(2, 5), [], false)
  const older = groupRows(drag.slice(2), first, true)
  const newer = groupRows(drag, older, true)
  expect([first, older, newer].map((lines) => lines.map(({ key }) => key))).toEqual([[7], [7], [7]])
  expect(new Set(groupRows([moved(20, 9), ...drag], newer).map(({ key }) => key))).toEqual(new Set([20, 7]))
})

test('moves whose older rows are not loaded are counted as at least so many', () => {
  const drag = Array.from({ length: 3 }, (_, at) => moved(3 - at, 1))
  const summaries = (isAll: boolean): string[] => groupRows(drag, [], isAll).map(({ row, isCut }) => summarizeRow(row, isCut))
  expect(summaries(false)).toEqual(['at least 3\u00a0devices'])
  expect(summaries(true)).toEqual(['3\u00a0devices'])
})

test('a line of moves is undone as a whole when its requests share an id', () => {
  const target = (...ids: string[]) =>
    groupRows(ids.map((request_id, at) => moved(9 - at, 1, { request_id }))).map(({ undoTarget }) => undoTarget)
  expect(target('a')).toEqual([{ audit_id: 9 }])
  expect(target('a', 'a', 'a')).toEqual([{ request_id: 'a' }])
  expect(target('a', 'b', 'a')).toEqual([null])
  expect(target('', '')).toEqual([null])
})
