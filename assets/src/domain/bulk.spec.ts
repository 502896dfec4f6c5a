import { expect, test } from 'vitest'
import { bulkLimitText, groupIds } from './bulk'
import { groupsTo } from './lifecycles'

function devices(count: number) {
  return Array.from({ length: count }, (_, at) => ({ kind: 'device' as const, id: 100_000 + at }))
}

test('a group has at most 10,000 devices and as many links', () => {
  const links = devices(10_001).map(({ id }) => ({ kind: 'link' as const, id }))
  const groups = groupIds([...devices(25_000), ...links])
  expect(groups.map((each) => [each.device_ids.length, each.link_ids.length])).toEqual([
    [10_000, 10_000],
    [10_000, 1],
    [5_000, 0],
  ])
  expect(groups.flatMap((each) => each.device_ids)).toEqual(devices(25_000).map(({ id }) => id))
  expect(groupIds([])).toEqual([])
})

test('what one change cannot hold is said with what to do instead', () => {
  const targets = devices(100_000).map((each) => ({ ...each, name: '', lifecycle: 'planned' as const }))
  expect(bulkLimitText(groupsTo(targets.slice(0, 50_000), { lifecycle: 'in_service', withLinks: false }))).toBeNull()
  expect(bulkLimitText(groupsTo(targets, { lifecycle: 'in_service', withLinks: false }))).toBe(
    '100,000\u00a0devices are selected, and one change holds about 74,000. Narrow the list with its filters, and change them in parts.',
  )
  const each = targets.slice(0, 1_001).flatMap((target) => groupIds([target]))
  expect(bulkLimitText(each)).toMatch(/devices differ too much from each other/)
  expect(bulkLimitText(each.slice(1))).toBeNull()
})
