import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { fold, sortKey } from './fold'

/** The server's cases: what it finds, the page finds. */
const source = readFileSync(new URL('../../../src/domain/fold.rs', import.meta.url), 'utf8')
const cases = [...source.matchAll(/check\("(.+)", "(.+)"\);/g)].map(([, text = '', folded = '']) => [
  text.replace(/\\u\{(\w+)\}/g, (_, hex: string) => String.fromCodePoint(parseInt(hex, 16))),
  folded,
])

test('the page folds texts as the server does', () => {
  expect(cases.length).toBeGreaterThan(9)
  for (const [text = '', folded] of cases) expect(fold(text)).toBe(folded)
})

test.each([
  ['digits of any length as numbers', ['a9', 'A10', 'a123456789012', 'a1234567890123', `a${'9'.repeat(40)}`]],
  ['zeros in front', ['port 1', 'port 02', 'port 10', 'port 0100']],
  ['accents beside their letter', ['Ahorn', 'Äpfel', 'Azur', 'Zebra', 'Żory-2', 'żory-10']],
  ['two forms of one name side by side', ['Mu\u0308ller', 'Müller', 'Müller 2']],
  ['a name before what it begins', ['ONT', 'ONT 1', 'ONT-1', 'ONT1', 'ONTario']],
])('%s', (_name, sorted) => {
  const keyed = sorted.map((name) => ({ name, key: sortKey(name) })).reverse()
  keyed.sort((a, b) => (a.key < b.key ? -1 : 1))
  expect(keyed.map(({ name }) => name)).toEqual(sorted)
})
