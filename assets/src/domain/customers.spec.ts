import { expect, test } from 'vitest'
import type { Customer } from '../api/types'
import { lineText, reasonsText, telephoneLink } from './customers'
import { TEST_SIGNAL } from './testing'

const CUSTOMER: Customer = {
  id: 7,
  name: 'ONT-7',
  device_type: 'ONT',
  effective_status: 'DOWN',
  status_reasons: ['no_optical_path'],
  status_since: '2026-11-23T10:00:00.000000Z',
  signal: null,
  access_node: { id: 1, name: 'OLT-1' },
  access_port: 'pon3',
  splitter: { id: 2, name: 'SPL-4' },
  serial: null,
  customer_reference: null,
  customer_name: null,
  phone: null,
  address: null,
}

test('the line of a customer', () => {
  expect(lineText(CUSTOMER)).toBe('OLT-1 pon3, SPL-4')
  expect(lineText({ ...CUSTOMER, splitter: null })).toBe('OLT-1 pon3')
  expect(lineText({ ...CUSTOMER, access_node: null, access_port: null, splitter: null })).toBe('not connected')
})

test('the reasons without the override, with what is measured', () => {
  expect(reasonsText(CUSTOMER)).toBe('No fibre path to a working OLT.')
  const weak = { ...CUSTOMER, status_reasons: ['override', 'signal_critical'], signal: TEST_SIGNAL }
  expect(reasonsText(weak)).toMatch(/^Optical margin is 1.97\u00a0dB/)
})

test.each([
  ['+49 (0)89 123-456', 'tel:+4989123456'],
  ['089/123 456', 'tel:089123456'],
  [' *100# ', 'tel:*100#'],
])('the call to %s', (phone, address) => {
  expect(telephoneLink(phone)).toBe(address)
})
