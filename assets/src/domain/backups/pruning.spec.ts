import { expect, test } from 'vitest'
import type { Pruning } from '../../api/types'
import { removedFiles, pruningText, retentionFacts } from './pruning'
import { testBackup } from './testing'

const NOTHING: Pruning = { keep: [{ id: 'a', because: ['last'] }], remove: [], bytes_freed: 0, targets: [], stay: [] }

function plain(pruning: Pruning): string {
  return pruningText(pruning).replaceAll('\u00a0', ' ')
}

test('what the next pruning does', () => {
  expect(plain(NOTHING)).toBe('The next pruning removes nothing: 1 backup kept.')
  const remove = [{ id: 'b', bytes: 2_048 }]
  expect(plain({ ...NOTHING, remove, bytes_freed: 2_048 })).toBe(
    'The next pruning removes 1 backup, 2.00 KiB. 1 backup remains.',
  )
  const targets = [{ target: 'nas', remove: ['b', 'c'] }]
  expect(plain({ ...NOTHING, targets })).toBe(
    'The next pruning removes nothing here, and 2 copies off the host. 1 backup remains.',
  )
})

test('each file that goes once, newest first, with its places', () => {
  const pruning = {
    ...NOTHING,
    remove: [{ id: 'b', bytes: 20 }],
    targets: [
      { target: 'nas', remove: ['b', 'c'] },
      { target: 's3', remove: ['c'] },
    ],
  }
  const rows = removedFiles(pruning, [testBackup({ id: 'c', bytes: 30 })])
  expect(rows.map(({ id, places, bytes, backup }) => [id, places.join('+'), bytes, backup?.id])).toEqual([
    ['c', 'nas+s3', 30, 'c'],
    ['b', 'this host+nas', 20, undefined],
  ])
})

test('the rules in words', () => {
  const facts = retentionFacts({ last: 7, daily: 1, weekly: 4, monthly: 12 })
  expect(facts.map(({ value }) => value.replace('\u00a0', ' '))).toEqual(['7', '1 day', '4 weeks', '12 months'])
})
