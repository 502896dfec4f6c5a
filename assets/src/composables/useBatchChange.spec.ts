import { expect, test } from 'vitest'
import { ApiError } from '../api/http'
import type { Device } from '../api/types'
import { currentTarget, deviceTarget, fieldsOf, NO_OVERRIDE, type OverrideTarget } from '../domain/overrides'
import { testDevice } from '../domain/testing'
import { useBatchChange } from './useBatchChange'

const DOWN = { ...NO_OVERRIDE, status: 'DOWN' as const, reason: 'dig' }
const TARGETS = [deviceTarget(testDevice()), deviceTarget(testDevice({ id: 2, name: 'ont-2' }))]

function changed(...devices: Device[]): ApiError {
  return new ApiError(412, 'changed', { detail: 'changed', devices, links: [] })
}

/** A change to DOWN that is refused with each of these errors, one after another, and then made. */
function change(errors: Error[]) {
  const sent: (readonly OverrideTarget[])[] = []
  const batch = useBatchChange<OverrideTarget>({
    fields: (target) => ({ before: fieldsOf(target), patch: fieldsOf(DOWN) }),
    refresh: currentTarget,
    send: async (targets) => {
      sent.push(targets)
      const error = errors.shift()
      if (error !== undefined) throw error
    },
  })
  return { batch, sent }
}

test('all are changed with one request', async () => {
  const { batch, sent } = change([])
  expect(await batch.run(TARGETS)).toEqual(TARGETS)
  expect(sent).toEqual([TARGETS])
})

test('what someone else has set is shown, and replaced only when asked', async () => {
  const theirs = testDevice({ id: 2, name: 'ont-2', status_override: 'UP', override_reason: 'tested' })
  const { batch, sent } = change([changed(theirs)])
  expect(await batch.run(TARGETS)).toBeNull()
  expect(batch.errorText.value).toBeNull()
  expect(batch.conflicted.value.map(({ item, conflicts }) => [item.id, conflicts.map(({ theirs: value }) => value)])).toEqual([
    [2, ['UP', 'tested']],
  ])
  expect(batch.others()).toEqual([TARGETS[0]])
  expect(await batch.run(batch.current())).not.toBeNull()
  expect(sent[1]).toEqual([TARGETS[0], deviceTarget(theirs)])
  expect(batch.conflicted.value).toEqual([])
})

test('the same change of someone else is no conflict', async () => {
  const theirs = testDevice({ status_override: 'DOWN', override_reason: 'dig' })
  const { batch, sent } = change([changed(theirs)])
  expect(await batch.run(TARGETS)).toEqual([deviceTarget(theirs), TARGETS[1]])
  expect(sent).toHaveLength(2)
})

test('any other error is shown', async () => {
  const { batch } = change([new ApiError(404, 'device 2 not found')])
  expect(await batch.run(TARGETS)).toBeNull()
  expect(batch.errorText.value).toBe('device 2 not found')
})
