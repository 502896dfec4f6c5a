import { expect, test } from 'vitest'
import { listNames, othersAt } from './presence'

const users = [
  { name: 'eve', device_id: 7, is_editing: false },
  { name: 'bob', device_id: 7, is_editing: true },
  { name: 'bob', device_id: 7, is_editing: false },
  { name: 'ada', device_id: 7, is_editing: true },
  { name: 'max', device_id: 8, is_editing: true },
]

test('others at a device: who edits it, and who only looks', () => {
  expect(othersAt(users, 7, 'ada')).toEqual({ editing: ['bob'], looking: ['eve'] })
  expect(othersAt(users, 9, 'ada')).toEqual({ editing: [], looking: [] })
})

test('without users, there are no others', () => {
  expect(othersAt(users, 7, null)).toEqual({ editing: [], looking: [] })
})

test.each([
  [['ada'], 'ada'],
  [['ada', 'bob'], 'ada and bob'],
  [['ada', 'bob', 'eve'], 'ada, bob and eve'],
  [['ada', 'bob', 'eve', 'max'], 'ada, bob, eve and 1 other'],
  [['ada', 'bob', 'eve', 'max', 'zoe'], 'ada, bob, eve and 2 others'],
])('%j as text', (names, text) => {
  expect(listNames(names)).toBe(text)
})
