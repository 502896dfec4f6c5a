import { expect, test } from 'vitest'
import type { LinkLists } from './linkList'
import { rowsOfLinks } from './linkTable'
import { testDevice, testLink } from './testing'

const names = ['OLT "1"', '=SUM', 'a;b', 'ONT']
const lists: LinkLists = {
  namesVersion: 3,
  devices: new Map(names.map((name, index) => [index + 1, testDevice({ id: index + 1, name })])),
  ports: new Map(names.map((_, index) => [index + 1, { id: index + 1, device_id: index + 1, name: 'p' }])),
  links: new Map(
    [
      testLink({ id: 1, a_interface_id: 1, b_interface_id: 2 }),
      testLink({ id: 2, a_interface_id: 3, b_interface_id: 4 }),
      testLink({ id: 3, a_interface_id: 8, b_interface_id: 9 }),
    ].map((link) => [link.id, link]),
  ),
}
const heading = 'a_device;a_interface;x;b_device;b_interface;override_reason'
const first = `"OLT ""1""";p;;'=SUM;p;"two\r\nlines"`
const second = '"a;b";p;;ONT;p;'
const table = `${heading}\r\n${first}\r\n${second}\r\n`

test('the rows of the chosen links, in their order, as they were', () => {
  expect(rowsOfLinks(table, ';', [2, 1], lists)).toBe(`${heading}\r\n${second}\r\n${first}\r\n`)
})

test('a link that the table does not have is left out', () => {
  expect(rowsOfLinks(table, ';', [3, 4, 2], lists)).toBe(`${heading}\r\n${second}\r\n`)
})
