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

test('the obstacles of a refusal and of a forecast are listed, or else the reason', () => {
  const error = (body: unknown) => ({ detail: 'It is gone.', body })
  expect(undoObstacles(error({ detail: 'no', obstacles: ['a', 'b'] }))).toEqual(['a', 'b'])
  expect(undoObstacles(error({ errors: [{ index: 0, detail: 'no', obstacles: ['a'] }] }))).toEqual(['a'])
  expect(undoObstacles(error({ errors: [{ index: 0, detail: 'Nothing is left' }] }))).toEqual(['Nothing is left'])
  expect(undoObstacles(error(null))).toEqual(['It is gone.'])
})
