import { expect, test } from 'vitest'
import type { Device } from '../api/types'
import { detailFound, findDevices } from './deviceSearch'
import { testDevice } from './testing'
import { matchesAllWords } from './fold'

const list = ['OLT-1', 'ont-12', 'ONT-1', 'spare ont', '7 Oaks'].map(
  (name, at) => testDevice({ id: at + 1, name }),
)

test.each([
  ['', []],
  ['ont', [2, 3, 4]],
  ['ONT-1', [2, 3]],
  ['#3', [3]],
  ['1', [1, 2, 3]],
  ['7', [5]],
  ['<script>', []],
])('%j finds %j', (text, expected) => {
  expect(findDevices(list, text, 10).map(({ id }) => id)).toEqual(expected)
})

test('no more than asked for', () => {
  expect(findDevices(list, 'o', 2)).toHaveLength(2)
})

test('all words count, in any order', () => {
  expect(matchesAllWords('Sync: compare with PostgreSQL', 'postgres sync')).toBe(true)
  expect(matchesAllWords('Sync', 'sync x')).toBe(false)
})

test('accents and forms of writing do not matter', () => {
  const devices = ['ONT Łódź-1', 'Strasse 7', 'Ｏ\u0308stra'].map((name, at) => testDevice({ id: at + 1, name }))
  const found = (text: string): number[] => findDevices(devices, text, 9).map(({ id }) => id)
  expect(found('lodz')).toEqual([1])
  expect(found('straße')).toEqual([2])
  expect(found('östra')).toEqual([3])
  expect(matchesAllWords('Café', 'CAFE\u0301')).toBe(true)
})

test('what is known of a customer is found after the names', () => {
  const ana = testDevice({
    id: 1,
    name: 'ONT-1',
    serial: 'HWTC12345678',
    customer_reference: 'K-77',
    customer_name: 'Ana Groß',
    phone: '+49 30 123',
    address: 'Lindenstraße 7',
  })
  const named = testDevice({ id: 2, name: 'Lindenstr. POP' })
  const check = (text: string, ids: number[], detail: string | null) => {
    expect(findDevices([ana, named], text, 5).map(({ id }) => id), text).toEqual(ids)
    expect(detailFound(ana, text), text).toBe(detail)
  }
  check('lindenstr', [2, 1], 'Lindenstraße 7')
  check('ANA GROSS', [1], 'Ana Groß')
  check('k-7', [1], 'K-77')
  check('4857544312345678', [1], 'HWTC12345678')
  check('c1234', [1], 'HWTC12345678')
  check('4930123', [1], '+49 30 123')
  check('ont', [1], null)
})

test('a device of which nothing is recorded is found by its name alone', () => {
  const device = { id: 1, name: 'ONT-1', tags: [] as string[] } as Device
  expect(findDevices([device], 'linden', 5)).toEqual([])
  expect(findDevices([device], 'ont', 5)).toEqual([device])
  expect(detailFound(device, 'linden')).toBeNull()
})
