import { expect, test } from 'vitest'
import type { Device } from '../api/types'
import { nextName } from './nextName'

test.each<[string[], string]>([
  [[], 'OLT-1'],
  [['OLT-1', 'OLT-9', 'OLT-3'], 'OLT-10'],
  [['olt007'], 'olt008'],
  [['unnumbered'], 'OLT-1'],
  [['site 4 olt 99', 'x'], 'site 4 olt 100'],
])('after %j comes %s', (names, expected) => {
  const devices = names.map((name) => ({ name, device_type: 'OLT' }) as Device)
  expect(nextName(devices, 'OLT')).toBe(expected)
})
