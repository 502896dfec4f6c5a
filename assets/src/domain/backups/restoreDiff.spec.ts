import { expect, test } from 'vitest'
import type { Restore } from '../../api/types'
import { changeGroups, countRows, isUnchanged, lossText } from './restoreDiff'

const SAME = { now: 4, after: 4 }

function restore(more: Partial<Restore> = {}): Restore {
  return {
    backup_id: 'unoc_20261125_021500',
    is_dry_run: true,
    taken_at: '2026-11-25T02:15:00Z',
    version: '0.2.0',
    duration_ms: 12,
    seq: { now: 44, backup: 40 },
    counts: { devices: SAME, interfaces: SAME, links: SAME },
    devices: { added: 0, removed: 0, changed: 0, examples: [] },
    changes_lost: 0,
    newest_change_lost: null,
    ...more,
  }
}

test('counts with their difference', () => {
  const counts = { devices: { now: 1_003, after: 1_000 }, interfaces: { now: 4, after: 9 }, links: SAME }
  expect(countRows(restore({ counts })).map(({ kind, now, change }) => [kind, now, change])).toEqual([
    ['Devices', '1,003', '\u22123'],
    ['Interfaces', '4', '+5'],
    ['Links', '4', 'same'],
  ])
})

test('devices that go come first, and groups without one are left out', () => {
  const devices = {
    added: 0,
    removed: 3,
    changed: 1,
    examples: [
      { change: 'changed' as const, id: 7, name: 'ONT-7' },
      { change: 'removed' as const, id: 8, name: 'ONT-8' },
    ],
  }
  const before = changeGroups(restore({ devices }))
  expect(before.map(({ change, more, examples }) => [change, more, examples[0]?.name])).toEqual([
    ['removed', 2, 'ONT-8'],
    ['changed', 0, 'ONT-7'],
  ])
  expect(before[1]?.words).toBe('1\u00a0device will change back')
  const after = changeGroups(restore({ devices, is_dry_run: false }))
  expect(after.map(({ words }) => words)).toEqual(['3\u00a0devices were removed', '1\u00a0device changed back'])
})

test('a restore that changes nothing', () => {
  expect(isUnchanged(restore())).toBe(true)
  expect(isUnchanged(restore({ changes_lost: 1 }))).toBe(false)
  expect(isUnchanged(restore({ counts: { devices: SAME, interfaces: SAME, links: { now: 1, after: 0 } } }))).toBe(false)
})

test('what is lost', () => {
  const words = (changes_lost: number, isUndo: boolean, is_dry_run = true): string | undefined =>
    lossText(restore({ changes_lost, is_dry_run }), isUndo)?.replace('\u00a0', ' ')
  expect(words(0, false)).toBeUndefined()
  expect(words(1, false)).toBe('1 change will be lost')
  expect(words(2, false, false)).toBe('2 changes were lost')
  expect(words(0, true)).toBeUndefined()
  expect(words(1, true)).toBe('1 change made since will be lost')
  expect(words(1, true, false)).toBe('1 change made since was lost')
})
