import { expect, test } from 'vitest'
import type { Device } from '../api/types'
import { DEFAULT_QUERY, type ListQuery, listDevices } from './deviceList'
import { testDevice } from './testing'

function device(id: number, name: string, more: Partial<Device> = {}): Device {
  const effective_status = more.status_override ?? more.status ?? 'UP'
  const updated_at = `2026-11-23T10:00:0${id}.000000Z`
  return testDevice({ id, name, effective_status, updated_at, ...more })
}

const list = [
  device(1, 'POP Nord', { device_type: 'POP' }),
  device(2, 'ont-10', { parent_container_id: 1 }),
  device(3, 'ont-2', { status: 'DOWN', serial: 'HWTC12345678', customer_name: 'Ana', address: 'Lindenstraße 7' }),
  device(4, 'OLT <b>', { device_type: 'OLT', status: 'DEGRADED' }),
  device(5, 'ont-1', { status_override: 'DOWN', override_reason: 'Cable dig' }),
]
const devices = new Map(list.map((each) => [each.id, each]))

test.each<[string, Partial<ListQuery>, number[]]>([
  ['by id', {}, [1, 2, 3, 4, 5]],
  ['by id, descending', { descending: true }, [5, 4, 3, 2, 1]],
  ['by name, digits as numbers', { sort: 'name' }, [4, 5, 3, 2, 1]],
  ['by status, worst first, then id', { sort: 'status' }, [3, 5, 4, 1, 2]],
  ['by status, descending keeps id order', { sort: 'status', descending: true }, [1, 2, 4, 3, 5]],
  ['by container, none last', { sort: 'container' }, [2, 1, 3, 4, 5]],
  ['by override, forced first', { sort: 'override' }, [5, 1, 2, 3, 4]],
  ['by time', { sort: 'updated', descending: true }, [5, 4, 3, 2, 1]],
  ['text in a name, any case', { text: ' ONT-1 ' }, [2, 5]],
  ['text in a reason', { text: 'dig' }, [5]],
  ['text in the container name', { text: 'nord' }, [1, 2]],
  ['an id', { text: '#4' }, [4]],
  ['a type', { type: 'OLT' }, [4]],
  ['the effective status', { status: 'DOWN' }, [3, 5]],
  ['part of a street', { text: 'LINDENSTRASSE' }, [3]],
  ['a serial', { text: 'hwtc1' }, [3]],
  ['by customer, none last', { sort: 'customer' }, [3, 1, 2, 4, 5]],
  ['nothing', { text: 'nowhere' }, []],
])('%s', (_name, query, expected) => {
  expect(listDevices(devices, { ...DEFAULT_QUERY, ...query })).toEqual(expected)
})

test.each(['München', 'MUNCHEN', 'mu\u0308nch', ' Süd', 'sud'])('%j finds a name, a reason and a container', (text) => {
  const more = [
    device(1, 'POP Mu\u0308nchen-Süd', { device_type: 'POP' }),
    device(2, 'a', { parent_container_id: 1 }),
    device(3, 'b', { status_override: 'DOWN', override_reason: 'Münchener Straße, süd' }),
    device(4, 'c'),
  ]
  const query = { ...DEFAULT_QUERY, text }
  expect(listDevices(new Map(more.map((each) => [each.id, each])), query)).toEqual([1, 2, 3])
})

test('joins to check are those of parts where they are assumed or missing', () => {
  const parts = [
    device(1, 'ODF-1', { device_type: 'ODF', status_reasons: ['joins_assumed'] }),
    device(2, 'ODF-2', { device_type: 'ODF', status_reasons: ['no_active_device'] }),
    device(3, 'NVT-1', { device_type: 'NVT', status_reasons: ['joins_not_recorded'] }),
  ]
  const query = { ...DEFAULT_QUERY, uncertain: true }
  expect(listDevices(new Map(parts.map((each) => [each.id, each])), query)).toEqual([1, 3])
})

test('what serves leaves filters and sorts them; devices without a line come last', () => {
  const leaf = (id: number, port: number, splitter: number | null): Device =>
    device(id, `ont-${id}`, {
      served_by: {
        olt_id: 1,
        pon_interface_id: port,
        pon_port: `pon${port}`,
        splitter_id: splitter,
        splitter_interface_id: splitter,
      },
    })
  const splitters = [device(2, 'S-10', { device_type: 'SPLITTER' }), device(3, 'S-9', { device_type: 'SPLITTER' })]
  const all = [device(1, 'OLT', { device_type: 'OLT' }), ...splitters, leaf(4, 10, 2), leaf(5, 2, 3), leaf(6, 2, null)]
  const listed = (query: Partial<ListQuery>): number[] =>
    listDevices(new Map(all.map((each) => [each.id, each])), { ...DEFAULT_QUERY, ...query })
  expect(listed({ sort: 'olt' })).toEqual([5, 6, 4, 1, 2, 3])
  expect(listed({ sort: 'pon' })).toEqual([5, 6, 4, 1, 2, 3])
  expect(listed({ sort: 'splitter' })).toEqual([5, 4, 1, 2, 3, 6])
  expect(listed({ olt: 1 })).toEqual([4, 5, 6])
  expect(listed({ olt: 1, pon: 2, splitter: 3 })).toEqual([5])
})

test('behind a device is what the server found, filtered and in order as any list', () => {
  const query = { ...DEFAULT_QUERY, behind: 'device-4', sort: 'name' as const }
  expect(listDevices(devices, query, [2, 3, 99])).toEqual([3, 2])
  expect(listDevices(devices, { ...query, status: 'DOWN' }, [2, 3])).toEqual([3])
  expect(listDevices(devices, query)).toEqual([])
})
