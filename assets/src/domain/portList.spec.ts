import { expect, test } from 'vitest'
import type { Port } from '../api/types'
import { farthestText, freePorts, freeText, joinedPorts, ponWarnings, portText } from './portList'

function port(id: number, more: Partial<Port> = {}): Port {
  return {
    id,
    name: `port${id}`,
    interface_type: 'OPTICAL',
    status: 'UP',
    device_id: 1,
    cross_connect: null,
    can_carry_link: true,
    side: null,
    link: null,
    far_end: null,
    pon: null,
    ...more,
  }
}

const LINK: Port['link'] = { id: 7, status: 'UP', length_km: 1, lifecycle: 'in_service' }
const FAR: Port['far_end'] = {
  device_id: 9,
  device_name: 'OLT-1',
  device_type: 'OLT',
  interface_id: 90,
  interface_name: 'pon0',
}

function joined(to: number, isAssumed: boolean): Port['cross_connect'] {
  return { interface_id: to, loss_db: 0.1, is_assumed: isAssumed }
}

test('each cross-connect is one row, and fibres that end nowhere are told apart', () => {
  const ports = [
    port(1, { cross_connect: joined(4, true), link: LINK }),
    port(2, { link: LINK }),
    port(3),
    port(4, { cross_connect: joined(1, true) }),
    port(5, { cross_connect: joined(6, false) }),
    port(6, { cross_connect: joined(5, false) }),
  ]
  const found = joinedPorts(ports)
  expect(found.pairs.map(({ a, b, isAssumed }) => [a.id, b.id, isAssumed])).toEqual([[1, 4, true], [5, 6, false]])
  expect(found.open.map(({ id }) => id)).toEqual([2])
  expect(found.unjoined.map(({ id }) => id)).toEqual([2, 3])
  expect(found.assumedCount).toBe(1)
})

test('ports for management and those with a link are not free', () => {
  const ports = [port(1), port(2, { link: LINK }), port(3, { can_carry_link: false })]
  expect(freePorts(ports).map(({ id }) => id)).toEqual([1])
})

test('a port is named with what is connected', () => {
  expect(portText(port(1))).toBe('port1')
  expect(portText(port(1, { far_end: FAR }))).toBe('port1 (OLT-1 pon0)')
})

test('a PON names the limits that it exceeds', () => {
  const limits = { reach_km: 20, split: 64, subscribers: 128 }
  const load: NonNullable<Port['pon']> = {
    subscribers: 130,
    farthest_km: 21.5,
    has_unknown_length: true,
    split: 128,
    warnings: ['reach_exceeded', 'split_exceeded', 'subscribers_exceeded'],
  }
  expect(farthestText(load)).toBe('at least 21.5\u00a0km')
  expect(farthestText({ ...load, farthest_km: null })).toBe('–')
  expect(ponWarnings({ ...load, warnings: [] }, limits)).toEqual([])
  expect(ponWarnings(load, limits)).toEqual([
    'The farthest subscriber is more than 20\u00a0km away.',
    'The light is split 1:128; 1:64 is the usual limit.',
    'It has more than 128 subscribers.',
  ])
})

test('what is free is counted where new links go: outputs, PON ports, or any port', () => {
  const of = (free: number, total: number) => ({ free, total, used: total - free })
  expect(freeText({ outputs: of(28, 32), pon_ports: null, counts: of(28, 33) })).toBe('28 of 32 outputs are free.')
  expect(freeText({ outputs: null, pon_ports: of(7, 8), counts: of(8, 9) })).toBe('7 of 8 PON ports are free.')
  expect(freeText({ outputs: null, pon_ports: null, counts: of(40, 48) })).toBe('40 of 48 ports are free.')
})
