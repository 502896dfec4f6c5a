import { expect, test } from 'vitest'
import { linkReasons } from './linkStatus'
import { testDevice, testLink } from './testing'

const end = (override: 'DOWN' | null) => ({
  deviceId: 1,
  device: testDevice({ name: 'OLT-1', status_override: override }),
  name: 'OLT-1',
  type: 'OLT' as const,
  port: 'pon1',
})

test.each([
  ['UP', null, null, []],
  ['DOWN', 'DOWN', 'DOWN', ['Overridden to DOWN by an operator.']],
  ['DOWN', null, 'DOWN', ['OLT-1, at one end, is overridden to DOWN.']],
  ['DOWN', 'UP', 'DOWN', ['Overridden to UP by an operator.', 'OLT-1, at one end, is overridden to DOWN.']],
  ['DEGRADED', 'DEGRADED', null, ['Overridden to DEGRADED by an operator.']],
  ['DEGRADED', null, null, ['Every optical path through it has less than 3\u00a0dB of margin.']],
] as const)('a link that is %s, with the override %s and one of its device %s', (status, override, ofEnd, reasons) => {
  const link = testLink({ status, status_override: override })
  expect(linkReasons(link, { a: end(ofEnd), b: end(null) })).toEqual(reasons)
})
