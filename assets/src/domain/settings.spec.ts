import { expect, test } from 'vitest'
import type { Delivery, Limit, Setting } from '../api/types'
import { deliveryRemarks, groupLimits, limitChange, limitShare, limitText, limitTone, numberError, parseWhole, settingText, undoPatch } from './settings'

const INTERVAL = { unit: 'ms', min: 0, max: 10_000 }

test.each<[number | boolean, string]>([
  [true, 'on'],
  [false, 'off'],
  [10_000, '10,000\u00a0ms'],
])('the value %s is %s', (value, text) => {
  expect(settingText({ unit: typeof value === 'boolean' ? null : 'ms' }, value)).toBe(text)
})

test.each<[number | null, boolean]>([
  [0, true],
  [10_000, true],
  [10_001, false],
  [-1, false],
  [0.5, false],
  [null, false],
  [Number.NaN, false],
])('the number %s may be sent: %s', (value, isFine) => {
  expect(numberError(INTERVAL, value)).toBe(isFine ? null : 'Enter a whole number from 0 to 10,000 ms.')
})

test.each<[string, number | null]>([
  [' 1000 ', 1000],
  ['0', 0],
  ['1,000', null],
  ['1.5', null],
  ['-1', null],
  ['1e3', null],
  ['', null],
])('the text %j is the whole number %s', (text, number) => {
  expect(parseWhole(text)).toBe(number)
  if (number === null) expect(numberError(INTERVAL, parseWhole(text))).toMatch(/^Enter a whole number/)
})

const SETTING: Setting = {
  key: 'event_interval_ms',
  title: 'Interval of events',
  effect: 'Events are gathered.',
  value: 500,
  default: 0,
  ...INTERVAL,
  changed_at: '2026-11-29T12:00:00.000000Z',
  changed_by: 'Ada',
  ends_at: null,
}

test.each<[string, Partial<Setting>, object]>([
  ['a default has no end', { value: 0 }, { event_interval_ms: null }],
  ['what stays, stays', {}, { event_interval_ms: 500 }],
  ['what ends, ends when it would have', { ends_at: '2026-11-29T12:10:00.500000Z' }, { event_interval_ms: 500, for_s: 601 }],
  ['what has ended meanwhile ends at once', { ends_at: '2026-11-29T11:00:00.000000Z' }, { event_interval_ms: 500, for_s: 1 }],
  ['the clock of the browser is behind', { ends_at: '2026-11-29T14:00:00.000000Z' }, { event_interval_ms: 500, for_s: 3600 }],
])('undo: %s', (_, change, patch) => {
  expect(undoPatch({ ...SETTING, ...change }, Date.parse('2026-11-29T12:00:00Z'), 3_600)).toEqual(patch)
})

function delivery(own: number, slowed: [number, number], wait = 0): Delivery {
  const [v2, live] = slowed
  const of = (namespace: string, count: number) => ({ namespace, client_count: 5, behind_count: 0, slowed_count: count, longest_wait_ms: wait })
  return { interval_ms: Math.max(50, own), own_interval_ms: own, namespaces: [of('/', v2), of('/live', live)], log_follower_count: 0 }
}

test('delivery has remarks only where something is not as usual', () => {
  expect(deliveryRemarks(delivery(0, [0, 0]))).toEqual([])
  expect(deliveryRemarks(delivery(500, [0, 0]))).toEqual([
    'Changes come faster than they can be sent: the service sends events every 500\u00a0ms until they no longer do.',
  ])
  expect(deliveryRemarks(delivery(0, [1, 0], 2_000))).toEqual([
    '1\u00a0client cannot follow the events and is asked to read everything again, every 2\u00a0s at most.',
  ])
  expect(deliveryRemarks(delivery(0, [1, 2], 8_000))[0]).toMatch(/^3\sclients cannot follow the events and are asked/)
})

const LIMIT: Limit = {
  id: 'connections',
  group: 'clients',
  title: 'Connections',
  used: 12,
  max: 4_096,
  unit: 'connections',
  at_limit: 'Further clients wait.',
  is_rolling: false,
  changed_in: 'configuration',
  changed_by: 'max_connections',
}

test.each<[Partial<Limit>, string, number | null, string]>([
  [{}, '12 of 4,096\u00a0connections', 12 / 4_096, 'quiet'],
  [{ used: 3_300 }, '3,300 of 4,096\u00a0connections', 3_300 / 4_096, 'degraded'],
  [{ used: 4_096 }, '4,096 of 4,096\u00a0connections', 1, 'down'],
  [{ used: 4_096, is_rolling: true }, '4,096 of 4,096\u00a0connections', 1, 'quiet'],
  [{ used: 7, max: 0 }, '7 of 0\u00a0connections', 1, 'down'],
  [{ used: 2_048, max: null, unit: 'bytes' }, '2.00\u00a0KiB', null, 'quiet'],
  [{ used: null, max: 1_000, unit: 'changes' }, 'at most 1,000\u00a0changes', null, 'quiet'],
  [{ used: null, max: null }, 'unknown', null, 'quiet'],
])('a limit with %j is %s', (change, text, share, tone) => {
  const limit = { ...LIMIT, ...change }
  expect([limitText(limit), limitShare(limit), limitTone(limit)]).toEqual([text, share, tone])
})

test('limits are grouped in the order of the server, and say where they are changed', () => {
  const other = { ...LIMIT, id: 'files', group: 'new', changed_in: 'host', changed_by: 'LimitNOFILE' }
  expect(groupLimits([LIMIT, other, LIMIT]).map(({ title, limits }) => `${title} ${limits.length}`)).toEqual(['Clients 2', 'new 1'])
  expect(limitChange(LIMIT)).toBe('in the configuration')
  expect(limitChange(other)).toBe('of the host')
  expect(limitChange({ changed_in: 'fixed', changed_by: null })).toBeNull()
})
