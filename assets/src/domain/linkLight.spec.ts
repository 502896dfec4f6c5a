import { expect, test } from 'vitest'
import type { OpticalPath } from '../api/types'
import { lightThrough } from './linkLight'
import { TEST_SIGNAL } from './testing'

const part = (kind: string, id: number, loss: number, sum: number): OpticalPath['elements'][number] => ({
  kind,
  id,
  name: null,
  device_type: null,
  length_km: null,
  loss_down_db: loss,
  loss_up_db: loss + 1,
  cumulative_down_db: sum,
  cumulative_up_db: sum + 1,
})
const path: OpticalPath = {
  device_id: 9,
  olt_id: 1,
  downstream_nm: 1490,
  upstream_nm: 1310,
  length_km: 5,
  elements: [part('device', 1, 0, 0), part('link', 7, 2, 2), part('device', 2, 10, 12), part('link', 8, 1, 13)],
  signal: TEST_SIGNAL,
}

test('the light is what arrives, plus the loss between the link and the receiver', () => {
  // -26.03 dBm at the ONT, 13 - 2 dB further down; -20 dBm at the OLT, nothing lost before the link.
  const { down_dbm: down, up_dbm: up } = lightThrough(path, 7) ?? { down_dbm: 0, up_dbm: 0 }
  expect(down).toBeCloseTo(-15.03)
  expect(up).toBeCloseTo(-20)
  expect(lightThrough(path, 8)?.down_dbm).toBeCloseTo(-26.03)
  expect(lightThrough(path, 8)?.up_dbm).toBeCloseTo(-20 + 14 - 2)
})

test('no light without the link on the path, or without a signal', () => {
  expect(lightThrough(path, 99)).toBeNull()
  expect(lightThrough({ ...path, signal: null }, 7)).toBeNull()
})
