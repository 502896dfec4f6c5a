import { expect, test } from 'vitest'
import { type ConnectionFacts, type ConnectionState, connectionState } from './connectionState'

const up: ConnectionFacts = { connected: true, wasHeard: true, heardAt: 0, downSince: null, offlineSince: null }
const down: ConnectionFacts = { connected: false, wasHeard: true, heardAt: 0, downSince: 0, offlineSince: null }

test.each<[string, ConnectionFacts, number, ConnectionState]>([
  ['heard lately', up, 12_000, 'live'],
  ['heartbeat missing', up, 12_001, 'reconnecting'],
  ['silent for long', up, 42_000, 'offline'],
  ['connected, nothing heard yet', { ...down, connected: true, heardAt: null }, 1, 'reconnecting'],
  ['connected, never heard', { ...down, connected: true, heardAt: null }, 30_000, 'offline'],
  ['never connected', { ...down, wasHeard: false, heardAt: null }, 1, 'connecting'],
  ['connected at first, nothing heard', { ...up, wasHeard: false, heardAt: null, downSince: 0 }, 1, 'connecting'],
  ['not connected for 30 s', { ...down, wasHeard: false, heardAt: null }, 30_000, 'offline'],
  ['connection lost', down, 1, 'reconnecting'],
  ['lost for 30 s', down, 30_000, 'offline'],
  ['no network', { ...up, offlineSince: 10 }, 11, 'offline'],
  ['no network, yet heard since', { ...up, heardAt: 20, offlineSince: 10 }, 21, 'live'],
])('%s', (_name, facts, now, expected) => {
  expect(connectionState(facts, now)).toBe(expected)
})
