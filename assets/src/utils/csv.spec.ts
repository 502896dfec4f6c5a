import { expect, test } from 'vitest'
import { readCsv, writeCsv } from './csv'

test.each([
  ['a,b\r\nc,d\r\n', [['a', 'b'], ['c', 'd']]],
  ['\uFEFFa;b\nc;"x;y"', [['a', 'b'], ['c', 'x;y']]],
  ['a\tb\n\n1\t2', [['a', 'b'], ['1', '2']]],
  ['a,"he said ""no""\nand left"', [['a', 'he said "no"\nand left']]],
  ['', []],
])('%j reads', (text, rows) => {
  expect(readCsv(text)).toEqual(rows)
})

test('what is written reads back, and no cell is a formula', () => {
  const rows = [
    ['name', 'reason', 'x'],
    ['=HYPERLINK("http://x")', '-1 dB, "so"', 4],
    ['+49', '@here; now', null],
  ]
  const text = writeCsv(rows)
  for (const line of text.split('\r\n')) expect(line).not.toMatch(/(^|,|")[=+@-]/)
  expect(readCsv(text)).toEqual(rows.map((row) => row.map((cell) => String(cell ?? ''))))
})
