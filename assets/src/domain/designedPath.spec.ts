import { expect, test } from 'vitest'
import type { DesignedOpticalPath, OpticalElement } from '../api/types'
import { breakText } from './designedPath'
import { TEST_SIGNAL } from './testing'

function part(kind: 'device' | 'link', id: number, name: string | null): OpticalElement {
  const losses = { loss_down_db: 0, loss_up_db: 0, cumulative_down_db: 0, cumulative_up_db: 0 }
  return { kind, id, name, device_type: kind === 'device' ? 'ODF' : null, length_km: null, ...losses }
}

function path(lit_count: number, dark_reason: DesignedOpticalPath['dark_reason']): DesignedOpticalPath {
  const elements = [part('device', 1, 'OLT-3'), part('link', 9, null), part('device', 2, 'S-17')]
  const wavelengths = { downstream_nm: 1490, upstream_nm: 1310 }
  return { olt_id: 1, ...wavelengths, length_km: 1, signal: TEST_SIGNAL, elements, lit_count, dark_reason }
}

test.each([
  [2, 'held_down', 'An operator has set S-17 to DOWN.'],
  [1, 'held_down', 'An operator has set the fibre between OLT-3 and S-17 to DOWN.'],
  [1, 'not_in_service', 'The fibre between OLT-3 and S-17 is planned or retired.'],
  [0, 'no_upstream', 'OLT-3 has no path to a backbone gateway.'],
  [3, null, null],
] as const)('%s %s', (lit, reason, expected) => {
  expect(breakText(path(lit, reason))).toBe(expected)
})
