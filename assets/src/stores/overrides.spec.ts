import { expect, test } from 'vitest'
import { NO_OVERRIDE, type Override } from '../domain/overrides'
import { testDevice } from '../domain/testing'
import { replaceDevices } from './devices'
import { knownOverride } from './overrides'

/** As a problem has it: the status is derived from its severity. */
const derived: Override = { ...NO_OVERRIDE, kind: 'device', id: 1, name: 'ont-1', status: 'DEGRADED', reason: 'dig', since: '2026-11-23T10:00:00.000000Z' }

test('the list knows an override better than a problem does', () => {
  replaceDevices([testDevice({ status_override: 'DOWN', override_reason: 'dig' })])
  expect(knownOverride(derived)).toMatchObject({ status: 'DOWN', reason: 'dig' })
})

test('an override that the list does not have stays as it was given', () => {
  replaceDevices([testDevice()])
  expect(knownOverride(derived)).toBe(derived)
  expect(knownOverride({ ...derived, kind: 'link' }).status).toBe('DEGRADED')
})
