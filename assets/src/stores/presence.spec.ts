import { beforeEach, expect, test } from 'vitest'
import { effectScope } from 'vue'
import { ownPresence, useEditing } from './presence'
import { view } from './view'

beforeEach(() => (view.device = null))

test('the panel shows what one looks at, the topmost dialog what one edits', () => {
  expect(ownPresence.value).toEqual({ device_id: null, is_editing: false })
  view.device = 7
  expect(ownPresence.value).toEqual({ device_id: 7, is_editing: false })
  const [below, above] = [effectScope(), effectScope()]
  below.run(() => useEditing(7))
  above.run(() => useEditing(8))
  expect(ownPresence.value).toEqual({ device_id: 8, is_editing: true })
  above.stop()
  expect(ownPresence.value).toEqual({ device_id: 7, is_editing: true })
  below.stop()
  expect(ownPresence.value).toEqual({ device_id: 7, is_editing: false })
})

test('a dialog about several devices, or none, edits nothing that can be told', () => {
  const scope = effectScope()
  scope.run(() => useEditing(null))
  expect(ownPresence.value.is_editing).toBe(false)
  scope.stop()
})

test('the same presence is the same object, so that it is not sent again', () => {
  view.device = 7
  const before = ownPresence.value
  view.text = 'x'
  view.device = 7
  expect(ownPresence.value).toBe(before)
})
