import { expect, test } from 'vitest'
import { DELETION_PATCH, editConflicts } from './editConflicts'

const BEFORE = { name: 'A', length_km: 1, medium: null, status: 'UP', tags: ['north'] }

const rows: [string, object, object, string[]][] = [
  ['nobody else has changed anything', {}, { name: 'B' }, []],
  ['someone else has changed another field', { length_km: 2 }, { name: 'B' }, []],
  ['someone else has changed the same field', { name: 'C' }, { name: 'B' }, ['name']],
  ['both mean the same', { name: 'B' }, { name: 'B' }, []],
  ['one of two fields', { name: 'C', length_km: 2 }, { name: 'B', medium: 'G652D' }, ['name']],
  ['a value was removed', { length_km: null }, { length_km: 3 }, ['length_km']],
  ['a list that is equal', { tags: ['north'] }, { tags: ['south'] }, []],
  ['a list that someone has changed', { tags: ['east'] }, { tags: ['south'] }, ['tags']],
  ['a deletion, and a status changed by itself', { status: 'DOWN' }, DELETION_PATCH, []],
  ['a deletion of what someone has changed', { length_km: 2 }, DELETION_PATCH, ['length_km']],
  ['a deletion of what someone has recorded where nothing was', { serial: 'HWTC12345678' }, DELETION_PATCH, ['serial']],
  ['a deletion of what someone has removed', { name: undefined }, DELETION_PATCH, ['name']],
  ['a list in another order', { tags: ['b', 'a'] }, { tags: ['a', 'b'] }, []],
  ['a status changed by itself', { status: 'DOWN' }, { length_km: 3 }, []],
]

test.each(rows)('%s', (_, changed, patch, keys) => {
  const found = editConflicts(BEFORE, { ...BEFORE, ...changed }, patch)
  expect(found.map(({ key }) => key)).toEqual(keys)
})

test('a conflict has the three values', () => {
  const found = editConflicts(BEFORE, { ...BEFORE, name: 'C' }, { name: 'B' })
  expect(found).toEqual([{ key: 'name', before: 'A', theirs: 'C', mine: 'B' }])
})
