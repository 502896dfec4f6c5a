import { expect, test } from 'vitest'
import type { UpstreamPath } from '../api/types'
import { ponNetwork } from './testing/testNetwork'
import { traceKeys, traceText } from './trace'

test('a path has its nodes and edges in order, with their groups and containers', () => {
  const network = ponNetwork(1, 2)
  const model = network.build()
  const [ont = 0] = network.ids['onts'] ?? []
  const [splitter = 0] = network.ids['splitters'] ?? []
  const [pop = 0] = network.ids['pop'] ?? []
  const link = [...network.links.values()].find(
    ({ b_interface_id: b }) => network.deviceOfPort(b) === ont,
  )
  const elements: UpstreamPath['elements'] = [
    { kind: 'device', id: ont, name: 'ONT-1', device_type: 'ONT', status: 'UP' },
    { kind: 'link', id: link?.id ?? 0, name: null, device_type: null, status: 'UP' },
    { kind: 'device', id: splitter, name: 'SPL-1', device_type: 'SPLITTER', status: 'UP' },
  ]
  const trace = { deviceId: ont, path: { device_id: ont, elements, is_complete: false } }
  const keys = traceKeys(trace, model)
  expect(keys.get(`d${ont}`)).toBe(0)
  expect(keys.get(`e${splitter}-${ont}`)).toBe(0.5)
  expect(keys.has(`d${pop}`)).toBe(true)
  expect(traceText(trace)).toBe('The path ends at SPL-1: ONT-1, SPL-1.')
})
