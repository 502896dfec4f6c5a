import { beforeEach, expect, test } from 'vitest'
import { testSession } from '../domain/testing'
import { askErasePersonalData, askImport, askOverrideTargets, askProvision, dialog } from './dialogs'
import { notices } from './notices'
import { session } from './session'

beforeEach(() => {
  dialog.value = null
  notices.length = 0
})

test('a question of a viewer is cancelled, with the role that it needs', async () => {
  session.value = testSession('viewer')
  expect(await askProvision()).toBeNull()
  expect(await askOverrideTargets([], '')).toBe(false)
  await askImport()
  expect(dialog.value).toBeNull()
  expect(notices[0]?.text).toMatch(/^This needs the role operator or admin\./)
})

test('an operator erases no personal data', async () => {
  session.value = testSession('operator')
  expect(await askErasePersonalData([1])).toBe(false)
  expect(notices[0]?.text).toMatch(/^This needs the role admin\./)
  void askProvision()
  expect(dialog.value).toMatchObject({ kind: 'provision' })
})
