import { expect, test } from 'vitest'
import type { CausePath, CausePathPart, Redundancy } from '../api/types'
import { breakText, linkText, redundancyText } from './causePath'

function part(name: string, more: Partial<CausePathPart> = {}): CausePathPart {
  return {
    kind: 'device', id: 1, name, device_type: 'ODF', status: 'UP', is_lit: true,
    upper_port: null, lower_port: null, length_km: null, ...more,
  }
}

function path(lit: string | null, dark: string | null, count: number): CausePath {
  const named = (name: string | null) => (name === null ? null : { kind: 'device', id: 1, name })
  const parts = Array.from({ length: count }, () => part('X'))
  return { is_complete: lit !== null, parts, last_lit: named(lit), first_dark: named(dark) }
}

test.each([
  [path('ODF', 'ODF - SPL', 5), 'Lit down to ODF, dark from ODF - SPL.'],
  [path('SPL', null, 5), 'The whole path down to it is lit.'],
  [path(null, 'OLT', 1), 'No link leads from OLT up to the backbone.'],
  [path(null, 'GW', 5), 'Dark from GW.'],
  [path(null, null, 0), 'The path to it is not known.'],
])('where a path breaks', (given, text) => {
  expect(breakText(given)).toBe(text)
})

test('a link by its ports and its length', () => {
  const link = part('A - B', { kind: 'link', upper_port: 'pon0', lower_port: 'port1', length_km: 4.2 })
  expect(linkText(link)).toBe('pon0 → port1, 4.2\u00a0km')
  expect(linkText({ ...link, length_km: null })).toBe('pon0 → port1')
  expect(linkText(part('A - B', { kind: 'link' }))).toBe('')
})

function uplinks(...working: boolean[]): Redundancy {
  return {
    device_id: 3,
    device_name: 'EDGE',
    uplink_count: working.length,
    working_uplink_count: working.filter((each) => each).length,
    uplinks: working.map((is_working, at) => ({ link_id: at, via_id: at, via_name: `CORE-${at}`, is_working })),
  }
}

test.each([
  [null, 'None: there is one way only.'],
  [uplinks(), 'EDGE has no uplink to a backbone gateway.'],
  [uplinks(true), 'EDGE has one uplink, and it works.'],
  [uplinks(false), 'The only uplink of EDGE does not work.'],
  [uplinks(false, true), '1 of 2\u00a0uplinks of EDGE works: through CORE-1.'],
  [uplinks(true, false, true), '2 of 3\u00a0uplinks of EDGE work: through CORE-0, CORE-2.'],
  [uplinks(false, false), 'None of 2\u00a0uplinks of EDGE works.'],
])('the redundancy that is left', (given, text) => {
  expect(redundancyText(given)).toBe(text)
})
