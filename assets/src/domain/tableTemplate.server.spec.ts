import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { COLUMNS_PASSED_OVER, DEVICE_COLUMNS_READ, tableTemplate } from './tableTemplate'

/** The server's table of columns, read from its source: the API has no list of those that an import reads. */
const source = readFileSync(new URL('../../../src/wire/csv/columns.rs', import.meta.url), 'utf8')

function columns(name: string): string[] {
  const list = new RegExp(`const ${name}: &\\[&str\\] = &\\[([^\\]]*)\\]`).exec(source)?.[1] ?? ''
  return list.match(/\w+/g) ?? []
}

test('a template has the columns that the server reads, and no other', () => {
  expect(COLUMNS_PASSED_OVER).toEqual(columns('PASSED_OVER'))
  expect(DEVICE_COLUMNS_READ).toEqual(columns('DEVICES_READ'))
  expect(tableTemplate('name,status', ',', DEVICE_COLUMNS_READ)).toBe('name,connect_to,connect_to_port,length_km,medium\r\n')
  for (const name of ['DEVICES_WRITTEN', 'LINKS_WRITTEN']) {
    const written = columns(name)
    expect(written.length).toBeGreaterThan(10)
    const read = written.filter((column) => !columns('PASSED_OVER').includes(column))
    expect(tableTemplate(`\uFEFF${written.join(';')}\r\n`, ';')).toBe(`${read.join(';')}\r\n`)
  }
})
