import { expect, test } from 'vitest'
import { canHaveLinks, deviceLifecycle, groupsTo, lifecycleNotice, lifecycleSteps, linkLifecycle } from './lifecycles'
import { testDevice, testLink } from './testing'

const TARGETS = [
  deviceLifecycle(testDevice({ lifecycle: 'planned' })),
  deviceLifecycle(testDevice({ id: 2, lifecycle: 'retired' })),
  linkLifecycle(testLink({ id: 7, lifecycle: 'planned' }), 'A - B'),
]

test('a change says what it replaces', () => {
  expect(groupsTo(TARGETS, { lifecycle: 'in_service', withLinks: false })).toEqual([
    { device_ids: [1], link_ids: [7], replaces: 'planned', lifecycle: 'in_service' },
    { device_ids: [2], link_ids: [], replaces: 'retired', lifecycle: 'in_service' },
  ])
  expect(lifecycleSteps(TARGETS, { lifecycle: 'retired', withLinks: false })).toEqual([
    { op: 'lifecycle', lifecycle: 'retired', device_ids: [1, 2], link_ids: [7] },
  ])
})

test('planned devices come into service with their planned links', () => {
  const withLinks = { lifecycle: 'in_service', withLinks: true } as const
  expect(groupsTo(TARGETS.slice(0, 1), withLinks)).toEqual([
    { device_ids: [1], link_ids: [], replaces: 'planned', lifecycle: 'in_service', with_links: 'planned' },
  ])
  expect(lifecycleSteps(TARGETS, withLinks)).toEqual([
    { op: 'lifecycle', lifecycle: 'in_service', device_ids: [1, 2], link_ids: [7], with_links: 'planned' },
  ])
  expect(canHaveLinks(TARGETS, 'in_service')).toBe(true)
  expect(canHaveLinks(TARGETS, 'retired')).toBe(false)
  expect(canHaveLinks(TARGETS.slice(1), 'in_service')).toBe(false)
})

test('what was done is said in a sentence', () => {
  expect(lifecycleNotice('ONT-1', 'in_service')).toBe('Put ONT-1 into service.')
  expect(lifecycleNotice('3 devices', 'retired')).toBe('Retired 3 devices.')
  expect(lifecycleNotice('3 devices', 'in_service', 2)).toBe('Put 3 devices and 2\u00a0links into service.')
})
