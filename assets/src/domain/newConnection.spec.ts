import { expect, test } from 'vitest'
import { canConnectTo, connectionKeys, hasUpstream, isWrongLength, NOT_CONNECTED, provisionedNotice } from './newConnection'
import { TEST_SIGNAL } from './testing'

test('only what has an upstream is connected, to it or to a part on the way', () => {
  expect(hasUpstream('ONT')).toBe(true)
  expect(hasUpstream('SPLITTER')).toBe(false)
  expect(canConnectTo('ONT', 'SPLITTER')).toBe(true)
  expect(canConnectTo('ONT', 'OLT')).toBe(true)
  expect(canConnectTo('ONT', 'ONT')).toBe(false)
  expect(canConnectTo('AON_CPE', 'AON_SWITCH')).toBe(true)
  expect(canConnectTo('OLT', 'ONT')).toBe(false)
  expect(canConnectTo('EDGE_ROUTER', 'BACKBONE_GATEWAY')).toBe(false)
  expect(canConnectTo('EDGE_ROUTER', 'CORE_ROUTER')).toBe(true)
  expect(canConnectTo('POP', 'SPLITTER')).toBe(false)
})

test('the request has keys only for what is connected', () => {
  expect(connectionKeys({ ...NOT_CONNECTED, length: '2' })).toEqual({})
  expect(connectionKeys({ ...NOT_CONNECTED, to: 7 })).toEqual({
    connect_to: { device_id: 7 },
    length_km: null,
    medium: 'G652D',
  })
  expect(connectionKeys({ to: 7, port: 9, length: '0.4', medium: 'G657A1' })).toEqual({
    connect_to: { device_id: 7, interface_id: 9 },
    length_km: 0.4,
    medium: 'G657A1',
  })
})

test('a length is a number of kilometres, or empty', () => {
  expect(['', '0', '1.5'].map(isWrongLength)).toEqual([false, false, false])
  expect(['-1', 'far'].map(isWrongLength)).toEqual([true, true])
})

test('the notice says what was connected and what light to expect', () => {
  const plain = (...[to, signal]: [string | null, typeof TEST_SIGNAL | null]): string =>
    provisionedNotice('ONT-7', to, signal).replaceAll('\u00a0', ' ')
  expect(plain(null, null)).toBe('Provisioned ONT-7.')
  expect(plain('SPL-1', null)).toBe('Provisioned ONT-7 and connected it to SPL-1.')
  expect(plain('SPL-1', { ...TEST_SIGNAL, rx_down_dbm: -18.4 })).toBe(
    'Provisioned ONT-7 and connected it to SPL-1; −18.40 dBm are expected there.',
  )
})
