import { expect, test } from 'vitest'
import { behindLink, causeKey, outageStep, parseCause } from './behindLink'
import { TEST_SIGNAL, testDevice } from './testing'

const ont = (id: number, margin: number) => testDevice({ id, signal: { ...TEST_SIGNAL, margin_db: margin } })
const splitter = testDevice({ id: 9, device_type: 'SPLITTER' })
const downOf = <T extends ReturnType<typeof testDevice>>(device: T): T => ({ ...device, effective_status: 'DOWN', signal: null })
const pairs = [ont(2, 8), ont(1, 4), splitter].map((device) => ({ id: device.id, before: device, after: downOf(device) }))
const other = { id: 5, before: testDevice({ id: 5 }), after: testDevice({ id: 5, effective_status: 'DEGRADED' }) }
const gone = { id: 6, before: testDevice({ id: 6 }), after: null }

test('behind a link is what a cut takes down', () => {
  const behind = behindLink({ devices: [...pairs, other, gone] })
  expect(behind.devices.map(({ id }) => id)).toEqual([9, 1, 2])
  expect(behind.subscriberCount).toBe(2)
  expect(behind.weakest?.id).toBe(1)
})

test('behind a link that is DOWN is what its repair brings back', () => {
  const devices = pairs.map(({ id, before, after }) => ({ id, before: after, after: before }))
  const behind = behindLink({ devices })
  expect(behind.devices.map(({ id }) => id)).toEqual([9, 1, 2])
  expect(behind.weakest?.signal?.margin_db).toBe(4)
})

test('a cause is read from an address, and nothing else is', () => {
  expect(parseCause('device-7')).toEqual({ kind: 'device', id: 7 })
  expect(parseCause('link-12')).toEqual({ kind: 'link', id: 12 })
  for (const text of ['', 'device-0', 'port-1', 'device-1x', 'link-99999999999999999']) expect(parseCause(text)).toBeNull()
  expect(causeKey({ kind: 'link', id: 12 })).toBe('link-12')
})

test('behind what is DOWN already is what its end brings back', () => {
  expect(outageStep({ kind: 'device', id: 7 }, false)).toEqual({ op: 'override_device', device_id: 7, status: 'DOWN' })
  expect(outageStep({ kind: 'link', id: 12 }, true)).toEqual({ op: 'update_link', link_id: 12, status_override: 'UP' })
})
