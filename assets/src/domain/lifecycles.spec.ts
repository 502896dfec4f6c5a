import { expect, test } from 'vitest'
import { deviceLifecycle, groupsTo, lifecycleNotice, lifecycleSteps, linkLifecycle } from './lifecycles'
import { testDevice, testLink } from './testing'

const TARGETS = [
  deviceLifecycle(testDevice({ lifecycle: 'planned' })),
  deviceLifecycle(testDevice({ id: 2, lifecycle: 'retired' })),
  linkLifecycle(testLink({ id: 7, lifecycle: 'planned' }), 'A - B'),
]

test('a change says what it replaces', () => {
  expect(groupsTo(TARGETS, 'in_service')).toEqual([
    { device_ids: [1], link_ids: [7], replaces: 'planned', lifecycle: 'in_service' },
    { device_ids: [2], link_ids: [], replaces: 'retired', lifecycle: 'in_service' },
  ])
  expect(lifecycleSteps(TARGETS, 'retired')).toEqual([
    { op: 'lifecycle', lifecycle: 'retired', device_ids: [1, 2], link_ids: [7] },
  ])
})

test('what was done is said in a sentence', () => {
  expect(lifecycleNotice('ONT-1', 'in_service')).toBe('Put ONT-1 into service.')
  expect(lifecycleNotice('3 devices', 'retired')).toBe('Retired 3 devices.')
})
