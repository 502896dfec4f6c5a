import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { DEVICE_TYPES } from './deviceTypes'
import { linkRule } from './linkRules'

/** The server's table, read from its source: the API offers no list of the rules. */
const source = readFileSync(
  new URL('../../../src/domain/link/rules.rs', import.meta.url),
  'utf8',
)

function typeOf(variant: string): string {
  return variant.replace(/(?<=[a-z])(?=[A-Z])/g, '_').toUpperCase()
}

test('the page dims by the rules that the server has', () => {
  const pairs = [...source.matchAll(/pair\("(\w+)", T::(\w+), T::(\w+)\)/g)]
  expect(pairs).toHaveLength(7)
  const table = new Map<string, string>()
  for (const [, rule = '', a = '', b = ''] of pairs) {
    table.set(`${typeOf(a)} ${typeOf(b)}`, rule).set(`${typeOf(b)} ${typeOf(a)}`, rule)
  }
  const peers = /SameType\(&\[(.*?)\]\)/.exec(source)?.[1]?.match(/(?<=T::)\w+/g) ?? []
  expect(peers).toHaveLength(3)
  for (const peer of peers) table.set(`${typeOf(peer)} ${typeOf(peer)}`, 'L9_PEER_TO_PEER')
  for (const a of DEVICE_TYPES) {
    for (const b of DEVICE_TYPES) {
      const rule = linkRule(a, b)
      if (rule !== 'L8_INLINE_PASSIVE') expect(rule).toBe(table.get(`${a} ${b}`) ?? null)
    }
  }
})
