import { expect, test } from 'vitest'
import type { Device, DevicePatch } from '../api/types'
import { type DeviceForm, deviceForm, devicePatch, feltPatch, formWithTheirs } from './deviceForm'
import { testDevice } from './testing'

const ont = testDevice({ tx_power_dbm: 0.5, serial: 'HWTC12345678', tags: ['a', 'b'] })
const splitter = testDevice({ device_type: 'SPLITTER', insertion_loss_db: 17.5 })

const written: [string, Device, Partial<DeviceForm>, DevicePatch | null][] = [
  ['what is not touched changes nothing', ont, {}, {}],
  ['a name is trimmed', ont, { name: ' ont-2 ' }, { name: 'ont-2' }],
  ['a blank name cannot be sent', ont, { name: ' ' }, null],
  ['a text that is no number cannot be sent', ont, { tx_power_dbm: 'x' }, null],
  ['an empty field removes a value', ont, { tx_power_dbm: '' }, { tx_power_dbm: null }],
  ['a value that means nothing for the type is not sent', ont, { insertion_loss_db: '3' }, {}],
  ['a lifecycle', ont, { lifecycle: 'planned' }, { lifecycle: 'planned' }],
  ['a ratio where none was set', splitter, { split_ratio: 64 }, { split_ratio: 64 }],
  ['tags in another order change nothing', ont, { details: { ...deviceForm(ont).details, tags: 'b, a' } }, {}],
  ['a customer where none was', ont, { details: { ...deviceForm(ont).details, phone: '030' } }, { phone: '030' }],
]

test.each(written)('%s', (_, device, fields, patch) => {
  expect(devicePatch({ ...deviceForm(device), ...fields }, device)).toEqual(patch)
})

test('what nobody else feels needs no forecast', () => {
  expect(feltPatch({ name: 'x', phone: '030' })).toBeNull()
  expect(feltPatch({ name: 'x', lifecycle: 'retired', insertion_loss_db: null })).toEqual({
    lifecycle: 'retired',
    insertion_loss_db: null,
  })
})

test('the values of the other person are taken where both have changed something, and no others', () => {
  const mine = { ...deviceForm(ont), name: 'mine', tx_power_dbm: '1' }
  mine.details = { ...mine.details, phone: '1', note: 'mine' }
  const theirs = { ...ont, name: 'theirs', tx_power_dbm: 2, phone: '2', latitude: 1, longitude: 2, note: 'theirs' }
  const taken = formWithTheirs(mine, theirs, ['tx_power_dbm', 'phone', 'longitude'])
  expect(taken).toMatchObject({ name: 'mine', tx_power_dbm: '2' })
  expect(taken.details).toMatchObject({ phone: '2', note: 'mine', coordinates: '1, 2' })
})
