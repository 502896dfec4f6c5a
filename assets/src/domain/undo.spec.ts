import { expect, test } from 'vitest'
import type { AuditRow } from '../api/types'
import { undoneIds, undoObstacles } from './undo'

function rows(...list: [id: number, undone: number[]][]): AuditRow[] {
  return list.map(([id, undone_ids]) => ({ id, undone_ids }) as AuditRow)
}

test('what was undone is undone, until the undo is undone', () => {
  expect([...undoneIds(rows([3, []], [2, [1, 0]], [1, []], [0, []]))]).toEqual([1, 0])
  expect([...undoneIds(rows([3, [2]], [2, [1]], [1, []]))]).toEqual([2])
})

test('only a refusal and a forecast that have obstacles stand in the way', () => {
  expect(undoObstacles({ detail: 'no', obstacles: ['a', 'b'] })).toEqual(['a', 'b'])
  expect(undoObstacles({ errors: [{ index: 0, detail: 'no', obstacles: ['a'] }] })).toEqual(['a'])
  for (const body of [{ errors: [{ index: 0, detail: 'no' }] }, { detail: 'Internal error' }, null]) {
    expect(undoObstacles(body)).toEqual([])
  }
})
