import { expect, test } from 'vitest'
import type { AuditChange, AuditRow } from '../api/types'
import { concernsDevice, rowSummary, tell } from './audit'

const before = { id: 7, name: 'ONT-1', device_type: 'ONT', status_override: null, updated_at: 'a' }
const after = { ...before, status_override: 'DOWN', updated_at: 'b', status_reasons: ['override'] }
const change = { kind: 'device', id: 7, before, after } as unknown as AuditChange
const port = { kind: 'interface', id: 3, before: null, after: { id: 3, name: 'eth0', device_id: 7 } }
const link = { kind: 'link', id: 2, before: { id: 2 }, after: null }

test('a change tells its values, not its times', () => {
  expect(tell(change)).toEqual({
    key: 'device 7',
    kind: 'device',
    deviceId: 7,
    what: 'ONT ONT-1 changed',
    fields: [{ key: 'status_override', before: 'none', after: 'DOWN' }],
  })
  expect(tell(port as unknown as AuditChange).what).toBe('Interface eth0 added')
  expect(tell(link as unknown as AuditChange).what).toBe('Link 2 removed')
})

test('a device is concerned by itself and its ports', () => {
  expect(concernsDevice(change, 7)).toBe(true)
  expect(concernsDevice(port as unknown as AuditChange, 7)).toBe(true)
  expect(concernsDevice(port as unknown as AuditChange, 8)).toBe(false)
  expect(concernsDevice(link as unknown as AuditChange, 7)).toBe(false)
})

test.each([
  [{ changes: [port, change], change_count: 2 }, 'ONT-1'],
  [{ changes: [change], change_count: 1226 }, '1,226\u00a0entities'],
  [{ changes: [], change_count: 0 }, '0\u00a0entities'],
])('a row in one line', (row, expected) => {
  expect(rowSummary(row as unknown as AuditRow)).toBe(expected)
})
