import { expect, test } from 'vitest'
import type { Device } from '../api/types'
import { exportCsv, readImport } from './deviceCsv'

const devices = new Map<number, Device>(
  [
    { id: 1, name: 'POP Nord', device_type: 'POP', parent_container_id: null },
    { id: 2, name: 'OLT-1', device_type: 'OLT', parent_container_id: 1 },
  ].map((each) => [each.id, { x: 1, y: 2, signal: null, ...each } as Device]),
)

test('an import says per line what is wrong', () => {
  const text = [
    'Name;Device_Type;container;x;pon_class',
    'ONT-1;ont;POP Nord;1,5;',
    'OLT-1;OLT;;;',
    ';TOASTER;;;',
    'ONT-1;ONT;OLT-1;left;',
    'OLT-2;olt;#1;;XGS_N1',
  ].join('\n')
  const { rows, problem } = readImport(text, devices)
  expect(problem).toBeNull()
  expect(rows.map(({ line, faults }) => [line, faults])).toEqual([
    [2, []],
    [3, ['A device of that name exists.']],
    [4, ['The name is missing.', '“TOASTER” is no device type.']],
    [
      5,
      [
        'A line above has the same name.',
        '“left” in x is no number.',
        '“OLT-1” is no POP and no core site.',
      ],
    ],
    [6, []],
  ])
  expect(rows[0]?.device).toMatchObject({ name: 'ONT-1', x: 1.5, parent_container_id: 1 })
  expect(rows[4]?.device).toMatchObject({ pon_class: 'XGS_N1', parent_container_id: 1 })
})

test.each([
  ['', 'The first line names no column name and no column device_type.'],
  ['name,device_type\n', 'The file has a heading and no devices.'],
])('%j is no import', (text, expected) => {
  expect(readImport(text, devices).problem).toBe(expected)
})

test('an export can be imported elsewhere', () => {
  const { rows } = readImport(exportCsv([2], devices), new Map([[1, devices.get(1) as Device]]))
  expect(rows[0]?.device).toMatchObject({ name: 'OLT-1', parent_container_id: 1, x: 1, y: 2 })
})
