import { expect, test } from 'vitest'
import type { Port } from './linkEnds'
import { findLinks, type LinkLists, type LinkQuery, linkSortKey, listLinks } from './linkList'
import { testDevice, testLink } from './testing'

const names = ['OLT-1', 'ODF-1', 'Ärger-2', 'ONT-10']
const devices = new Map(names.map((name, index) => [index + 1, testDevice({ id: index + 1, name })]))
const port = (id: number, device_id: number, name: string): [number, Port] => [id, { id, device_id, name }]
const ports = new Map([port(1, 1, 'pon1'), port(2, 2, 'in'), port(3, 2, 'out'), port(4, 3, 'in'), port(5, 3, 'out1'), port(6, 4, 'pon')])
const links = new Map(
  [
    testLink({ id: 1, a_interface_id: 1, b_interface_id: 2, length_km: 7 }),
    testLink({ id: 2, a_interface_id: 3, b_interface_id: 4, length_km: null, physical_medium_id: null }),
    testLink({ id: 3, a_interface_id: 5, b_interface_id: 6, status: 'DOWN', status_override: 'DOWN', override_reason: 'Bagger' }),
    testLink({ id: 4, a_interface_id: 98, b_interface_id: 99, status: 'DEGRADED' }),
  ].map((link) => [link.id, link]),
)
const lists: LinkLists = { links, ports, devices, namesVersion: 1 }
const ALL: LinkQuery = { text: '', status: '', medium: '', overridden: false, sort: 'id', descending: false }

test.each<[Partial<LinkQuery>, number[]]>([
  [{}, [1, 2, 3, 4]],
  [{ status: 'DOWN' }, [3]],
  [{ medium: 'G652D' }, [1, 3, 4]],
  [{ overridden: true }, [3]],
  [{ text: 'bagger' }, [3]],
  [{ text: '#4' }, [4]],
  [{ text: 'arger' }, [2, 3]],
  [{ text: 'OLT-1 – ODF-1' }, [1]],
  [{ text: 'odf in' }, [1, 2]],
  [{ text: 'odf bagger' }, []],
  [{ sort: 'status' }, [3, 4, 1, 2]],
  [{ sort: 'a' }, [3, 2, 1, 4]],
  [{ sort: 'length' }, [3, 4, 1, 2]],
  [{ sort: 'override', descending: true }, [1, 2, 4, 3]],
])('%o lists %j', (query, ids) => {
  expect(listLinks(lists, { ...ALL, ...query })).toEqual(ids)
})

test.each([
  ['2', [2, 3]],
  ['link 3', [3]],
  ['olt', [1]],
  ['ont-10 arger', [3]],
  ['', []],
  ['nothing', []],
])('a search for "%s" finds %j', (text, ids) => {
  expect(findLinks(lists, text, 5).map(({ id }) => id)).toEqual(ids)
})

test('a renamed device is found by its new name', () => {
  const renamed = new Map(devices).set(1, testDevice({ id: 1, name: 'Uplink-7' }))
  expect(findLinks(lists, 'uplink', 5)).toEqual([])
  expect(findLinks({ ...lists, devices: renamed, namesVersion: 2 }, 'uplink', 5)).toHaveLength(1)
})

test('a search finds no more than it was asked for', () => {
  expect(findLinks(lists, 'o', 1)).toHaveLength(1)
})

test('a column of another list sorts links by id', () => {
  expect(linkSortKey('length')).toBe('length')
  expect(linkSortKey('container')).toBe('id')
})
