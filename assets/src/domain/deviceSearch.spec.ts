import { expect, test } from 'vitest'
import type { Device } from '../api/types'
import { findDevices } from './deviceSearch'
import { matchesAllWords } from './fold'

const list = ['OLT-1', 'ont-12', 'ONT-1', 'spare ont', '7 Oaks'].map(
  (name, at) => ({ id: at + 1, name }) as Device,
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
  const devices = ['ONT Łódź-1', 'Strasse 7', 'Ｏ\u0308stra'].map((name, at) => ({ id: at + 1, name }) as Device)
  const found = (text: string): number[] => findDevices(devices, text, 9).map(({ id }) => id)
  expect(found('lodz')).toEqual([1])
  expect(found('straße')).toEqual([2])
  expect(found('östra')).toEqual([3])
  expect(matchesAllWords('Café', 'CAFE\u0301')).toBe(true)
})
