import { expect, test } from 'vitest'
import { commandOf, keyList, keyText } from './keys'

test('a key does what the table says, with Ctrl or Command alike', () => {
  expect(commandOf('everywhere', { key: 'K', ctrlKey: true })).toBe('search')
  expect(commandOf('everywhere', { key: 'k', metaKey: true })).toBe('search')
  expect(commandOf('everywhere', { key: 'k' })).toBeNull()
  expect(commandOf('everywhere', { key: '?', shiftKey: true })).toBe('keys')
  expect(commandOf('list', { key: 'a' })).toBeNull()
  expect(commandOf('topology', { key: '+', altKey: true })).toBeNull()
})

test('with Shift an arrow moves the view, without it goes to a device', () => {
  expect(commandOf('topology', { key: 'ArrowUp', shiftKey: true })).toBe('panUp')
  expect(commandOf('topology', { key: 'ArrowUp', shiftKey: false })).toBe('stepUp')
})

test('the list has every key once, grouped by what it does', () => {
  const [everywhere, list, topology] = keyList()
  expect(everywhere?.lines[0]).toEqual({ ways: [['Ctrl', 'K']], text: 'Search, or act on what is selected' })
  expect(list?.lines.find(({ text }) => text === 'Move in a list')?.ways).toHaveLength(6)
  expect(topology?.lines.map(({ ways }) => ways.map((way) => way.join(' ')).join(', '))).toContain(
    'Shift ←, Shift →, Shift ↑, Shift ↓',
  )
  for (const { lines } of keyList()) {
    const all = lines.flatMap(({ ways }) => ways.map((way) => way.join(' ')))
    expect(new Set(all).size).toBe(all.length)
  }
})

test('a button names the key of its command', () => {
  expect(keyText('topology', 'undo')).toBe('Ctrl Z')
  expect(keyText('topology', 'zoomOut')).toBe('−')
})
