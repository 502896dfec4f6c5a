import { beforeEach, describe, expect, test } from 'vitest'
import { AHEAD_GRACE_MS, BUFFER_MAX_ITEMS, ChangeTracker } from './changeTracker'

let applied: string[]
let refetches: number
let tracker: ChangeTracker<string>

function batch(from_seq: number, to_seq: number, ...items: string[]): void {
  tracker.batch({ from_seq, to_seq, items })
}

beforeEach(() => {
  applied = []
  refetches = 0
  tracker = new ChangeTracker({ apply: (items) => applied.push(...items), refetch: () => (refetches += 1) })
  tracker.restart()
  tracker.loaded(10)
  refetches = 0
})

describe('a batch', () => {
  test('that the list already has is ignored', () => {
    batch(8, 10, 'old')
    expect(applied).toEqual([])
    expect(refetches).toBe(0)
  })

  test('that follows is applied', () => {
    batch(10, 11, 'a')
    batch(11, 13, 'b', 'c')
    expect(applied).toEqual(['a', 'b', 'c'])
  })

  test('that overlaps is applied, and moves our number', () => {
    batch(9, 12, 'a')
    batch(10, 12, 'again')
    batch(12, 13, 'b')
    expect(applied).toEqual(['a', 'b'])
  })

  test('after a gap fetches the list once', () => {
    batch(12, 13, 'a')
    batch(13, 14, 'b')
    expect(applied).toEqual([])
    expect(refetches).toBe(1)
  })
})

describe('during a refetch', () => {
  beforeEach(() => {
    batch(12, 13, 'a')
    batch(13, 14, 'b')
    batch(14, 16, 'c')
  })

  test('batches buffer, then follow the same rule', () => {
    tracker.loaded(13)
    expect(applied).toEqual(['b', 'c'])
    expect(refetches).toBe(1)
  })

  test('a list that is already newer ignores them', () => {
    tracker.loaded(20)
    expect(applied).toEqual([])
    batch(20, 21, 'd')
    expect(applied).toEqual(['d'])
  })

  test('a list that is still too old is fetched again, nothing is lost', () => {
    tracker.loaded(11)
    expect(refetches).toBe(2)
    tracker.loaded(14)
    expect(applied).toEqual(['c'])
  })

  test('too many changes are dropped in favour of another list', () => {
    tracker.batch({ from_seq: 16, to_seq: 17, items: Array(BUFFER_MAX_ITEMS).fill('x') })
    tracker.loaded(16)
    expect(applied).toEqual([])
    expect(refetches).toBe(2)
    tracker.loaded(17)
    expect(refetches).toBe(2)
  })
})

describe('resync', () => {
  test('fetches the list', () => {
    tracker.resync({ from_seq: 10, to_seq: 900 })
    expect(refetches).toBe(1)
    tracker.loaded(900)
    expect(refetches).toBe(1)
  })

  test('that the list already has is ignored', () => {
    tracker.resync({ from_seq: 5, to_seq: 10 })
    expect(refetches).toBe(0)
  })

  test('during a refetch counts when the list is older than it', () => {
    tracker.restart()
    tracker.resync({ from_seq: 11, to_seq: 50 })
    tracker.loaded(12)
    expect(refetches).toBe(2)
  })
})

describe('a connection', () => {
  test('to a server that went back in time fetches the list', () => {
    tracker.connected(8, 5_000)
    expect(refetches).toBe(1)
    tracker.loaded(8)
    batch(8, 9, 'a')
    expect(applied).toEqual(['a'])
  })

  test('to a server that went on fetches it after the grace', () => {
    tracker.connected(12, 5_000)
    expect(refetches).toBe(0)
    tracker.tick(6_001)
    expect(refetches).toBe(1)
  })

  test('to a server where nothing happened fetches nothing', () => {
    tracker.connected(10, 5_000)
    tracker.tick(9_000)
    expect(refetches).toBe(0)
  })
})

describe('another run of the server', () => {
  test('fetches the list, whatever its number', () => {
    tracker.serverRestarted()
    expect(refetches).toBe(1)
    tracker.loaded(10)
    batch(10, 11, 'a')
    expect(applied).toEqual(['a'])
  })

  test('during a refetch fetches the list once more, and forgets what waited', () => {
    batch(12, 13, 'old')
    expect(refetches).toBe(1)
    tracker.serverRestarted()
    expect(refetches).toBe(1)
    batch(5, 6, 'new')
    tracker.loaded(13)
    expect(refetches).toBe(2)
    tracker.loaded(5)
    expect(applied).toEqual(['new'])
    tracker.restart()
    expect(refetches).toBe(3)
  })
})

describe('a heartbeat', () => {
  test('ahead of us for over a second fetches the list', () => {
    tracker.heartbeat(11, 5_000)
    tracker.tick(5_000 + AHEAD_GRACE_MS)
    expect(refetches).toBe(0)
    tracker.tick(5_001 + AHEAD_GRACE_MS)
    tracker.tick(9_000)
    expect(refetches).toBe(1)
  })

  test('whose batch arrives in time does not', () => {
    tracker.heartbeat(11, 5_000)
    batch(10, 11, 'a')
    tracker.tick(9_000)
    expect(refetches).toBe(0)
  })

  test('at our number does not', () => {
    tracker.heartbeat(10, 5_000)
    tracker.tick(9_000)
    expect(refetches).toBe(0)
  })

  test('during a refetch is held against the new list', () => {
    tracker.restart()
    tracker.heartbeat(12, 5_000)
    tracker.loaded(11)
    tracker.tick(7_000)
    expect(refetches).toBe(2)
    tracker.loaded(12)
    tracker.tick(9_000)
    expect(refetches).toBe(2)
  })

  test('below us once may have crossed our list, twice the server went back', () => {
    tracker.heartbeat(9, 5_000)
    expect(refetches).toBe(0)
    tracker.heartbeat(9, 10_000)
    expect(refetches).toBe(1)
    tracker.loaded(9)
    batch(9, 10, 'a')
    expect(applied).toEqual(['a'])
  })
})
