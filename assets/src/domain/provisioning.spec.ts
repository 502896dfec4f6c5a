import { expect, test } from 'vitest'
import type { DeviceType } from '../api/types'
import { missingUpstream, portsText } from './provisioning'

test.each<[DeviceType, DeviceType[], string | null]>([
  ['CORE_ROUTER', [], null],
  ['EDGE_ROUTER', ['BACKBONE_GATEWAY'], null],
  ['OLT', ['CORE_ROUTER'], 'An OLT needs an Edge router to connect to, and the site has none.'],
  [
    'EDGE_ROUTER',
    ['OLT'],
    'An Edge router needs a Core router or a Backbone gateway to connect to, and the site has none.',
  ],
])('%s beside %j', (type, present, expected) => {
  expect(missingUpstream(type, (each) => present.includes(each))).toBe(expected)
})

test('a splitter has the outputs of its ratio', () => {
  expect(portsText('SPLITTER', null)).toBe('in0, out0 to out31')
  expect(portsText('SPLITTER', 64)).toBe('in0, out0 to out63')
  expect(portsText('ONT', 64)).toBe('eth0')
})
