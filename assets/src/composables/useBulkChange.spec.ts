import { effectScope } from 'vue'
import { expect, test } from 'vitest'
import { EditConflictError } from '../api/conditional'
import { ApiError } from '../api/http'
import { useBulkChange } from './useBulkChange'

const CONFLICT = { key: 'override_reason', before: null, theirs: 'tested', mine: 'dig' }

test('conflicts are kept apart from errors, each with its item', async () => {
  const { run, conflicted, errorText, isDone } = effectScope().run(() => useBulkChange<number>())!
  const done = await run([1, 2, 3], (item) => {
    if (item === 2) return Promise.reject(new EditConflictError([CONFLICT]))
    return item === 3 ? Promise.reject(new ApiError(404, 'Device not found')) : Promise.resolve()
  })
  expect(done).toEqual([1])
  expect(conflicted.value).toEqual([{ item: 2, conflicts: [CONFLICT] }])
  expect(errorText.value?.replaceAll('\u00a0', ' ')).toBe('1 device not changed: Device not found')
  expect(isDone()).toBe(false)
  await run([2], () => Promise.resolve())
  expect(conflicted.value).toEqual([])
  expect(isDone()).toBe(true)
})
