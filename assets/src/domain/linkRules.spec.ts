import { expect, test } from 'vitest'
import type { DeviceType } from '../api/types'
import { isOpticalPair, linkRule } from './linkRules'

test.each<[DeviceType, DeviceType, string | null, boolean]>([
  ['BACKBONE_GATEWAY', 'CORE_ROUTER', 'L1_BACKBONE_CORE', false],
  ['ONT', 'OLT', 'L5_OLT_ONT', true],
  ['SPLITTER', 'HOP', 'L8_INLINE_PASSIVE', true],
  ['ODF', 'CORE_ROUTER', 'L8_INLINE_PASSIVE', true],
  ['EDGE_ROUTER', 'EDGE_ROUTER', 'L9_PEER_TO_PEER', false],
  ['OLT', 'OLT', null, false],
  ['ONT', 'CORE_ROUTER', null, true],
  ['POP', 'ODF', null, true],
])('%s and %s', (a, b, rule, optical) => {
  expect(linkRule(a, b)).toBe(rule)
  expect(linkRule(b, a)).toBe(rule)
  expect(isOpticalPair(a, b)).toBe(optical)
})
