import { expect, test } from 'vitest'
import type { Device } from '../api/types'
import { accessNodes, type LineFilter, lineChoices, lineNames, matchesLine, problemLine } from './accessLine'
import { testDevice, testProblem } from './testing'

function leaf(id: number, port: number, splitter: number | null, olt = 1): Device {
  const served_by = {
    olt_id: olt,
    pon_interface_id: port,
    pon_port: `pon${port}`,
    splitter_id: splitter,
    splitter_interface_id: splitter === null ? null : 900 + id,
  }
  return testDevice({ id, name: `ont-${id}`, served_by })
}

const list = [
  testDevice({ id: 1, name: 'OLT-3', device_type: 'OLT' }),
  testDevice({ id: 2, name: 'AON-1', device_type: 'AON_SWITCH' }),
  testDevice({ id: 3, name: 'S-17', device_type: 'SPLITTER' }),
  testDevice({ id: 4, name: 'S-2', device_type: 'SPLITTER' }),
  leaf(10, 2, 3),
  leaf(11, 2, 3),
  leaf(12, 2, 4),
  leaf(13, 10, null),
  leaf(14, 5, null, 2),
  testDevice({ id: 15 }),
]
const devices = new Map(list.map((each) => [each.id, each]))
const of = (id: number): Device => devices.get(id) ?? testDevice()

test('a leaf names its OLT, port and splitter, anything else nothing', () => {
  expect(lineNames(devices, of(10))).toEqual({ olt: 'OLT-3', port: 'pon2', splitter: 'S-17' })
  expect(lineNames(devices, of(14))).toEqual({ olt: 'AON-1', port: 'pon5', splitter: null })
  expect(lineNames(devices, of(15))).toBeNull()
  expect(lineNames(new Map(), of(10))?.olt).toBe('#1')
})

test('a filter takes what it names and nothing without a line', () => {
  const none: LineFilter = { olt: null, pon: null, splitter: null }
  const matching = (filter: Partial<LineFilter>): number[] =>
    list.filter(({ served_by: served }) => matchesLine({ ...none, ...filter }, served)).map(({ id }) => id)
  expect(matching({})).toHaveLength(list.length)
  expect(matching({ olt: 1 })).toEqual([10, 11, 12, 13])
  expect(matching({ olt: 1, pon: 2 })).toEqual([10, 11, 12])
  expect(matching({ splitter: 4 })).toEqual([12])
})

test('the choices are those that serve leaves, digits as numbers', () => {
  expect(accessNodes(devices).map(({ name }) => name)).toEqual(['AON-1', 'OLT-3'])
  const all = lineChoices(devices, { olt: 1, pon: null, splitter: null })
  expect(all.ports).toEqual([{ id: 2, name: 'pon2' }, { id: 10, name: 'pon10' }])
  expect(all.splitters.map(({ name }) => name)).toEqual(['S-2', 'S-17'])
  expect(lineChoices(devices, { olt: 1, pon: 10, splitter: null }).splitters).toEqual([])
  expect(lineChoices(devices, { olt: null, pon: null, splitter: null })).toEqual({ ports: [], splitters: [] })
})

test.each([
  ['a leaf', 'device', 10, [], 'OLT-3 pon2, S-17'],
  ['a splitter names its leaves’ port', 'device', 3, [10, 11], 'OLT-3 pon2'],
  ['a feeder', 'link', 7, [10, 11, 3], 'OLT-3 pon2, S-17'],
  ['a fibre above two splitters', 'link', 7, [10, 12], 'OLT-3 pon2'],
  ['a cable with two ports', 'link', 7, [10, 13], 'OLT-3'],
  ['the OLT itself', 'device', 1, [10, 12, 13], ''],
  ['two OLTs', 'link', 7, [10, 14], ''],
  ['nothing that is served', 'device', 2, [], ''],
] as const)('of a problem: %s', (_name, kind, id, device_ids, expected) => {
  expect(problemLine(devices, testProblem({ kind, id, device_ids: [...device_ids] }))).toBe(expected)
})
