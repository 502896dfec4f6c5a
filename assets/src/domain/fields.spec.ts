import { expect, test } from 'vitest'
import { DELETED } from './editConflicts'
import { fieldLabel, formatField } from './fields'

test.each<[key: string, value: unknown, text: string]>([
  ['status_override', null, 'None'],
  ['override_reason', null, 'Not set'],
  ['length_km', 2.5, '2.5 km'],
  ['sensitivity_min_dbm', -27, '−27 dBm'],
  ['parent_container_id', 7, 'POP West'],
  ['pon_class', 'GPON_B_PLUS', 'GPON B+'],
  ['split_ratio', 32, '1:32'],
  ['tags', ['north', 'school'], 'north, school'],
  ['name', DELETED, 'Deleted'],
])('%s %s is shown as people read it', (key, value, text) => {
  expect(formatField(key, value, () => 'POP West').replace('\u00a0', ' ')).toBe(text)
})

test('a field that this page does not know has its own name', () => {
  expect(fieldLabel('pon_class')).toBe('PON class')
  expect(fieldLabel('colour')).toBe('colour')
})
