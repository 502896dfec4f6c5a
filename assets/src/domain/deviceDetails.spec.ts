import { expect, test } from 'vitest'
import { detailChanges, detailKey, detailTexts, detailValues, hasPersonalData } from './deviceDetails'
import { testDevice } from './testing'

const customer = testDevice({
  serial: 'HWTC12345678',
  customer_name: 'Ana',
  address: 'Weg 1\n10115 Berlin',
  latitude: 52.5,
  longitude: -13.25,
  tags: ['a', 'b'],
})

test('what is written and not touched changes nothing', () => {
  for (const device of [customer, testDevice()]) {
    const values = detailValues(detailTexts(device))
    expect(values).not.toBeNull()
    expect(values && detailChanges(values, device)).toEqual({})
  }
})

test('only what differs is sent, coordinates together', () => {
  const texts = { ...detailTexts(customer), coordinates: '52.5 \u22121.5', phone: ' 030 ', customer_name: ' ', tags: 'b; a' }
  const values = detailValues(texts)
  expect(values && detailChanges(values, customer)).toEqual({
    phone: '030',
    customer_name: null,
    latitude: 52.5,
    longitude: -1.5,
  })
})

test.each(['1', '91, 0', '0, 181', 'a, b', '1, 2, 3'])('%j are no coordinates', (coordinates) => {
  expect(detailValues({ ...detailTexts(null), coordinates })).toBeNull()
})

test('serials and tags are no personal data', () => {
  expect(hasPersonalData(testDevice({ serial: 'A', tags: ['x'] }))).toBe(false)
  expect(hasPersonalData(customer)).toBe(true)
  expect(detailKey('longitude')).toBe('coordinates')
  expect(detailKey('name')).toBeNull()
})
