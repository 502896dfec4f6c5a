import { expect, test } from 'vitest'
import { useSelection } from './useSelection'

test('a toggled device is added, and removed the next time', () => {
  const { selectedIds, select, toggle, isSelected } = useSelection()
  select([4])
  toggle(7)
  expect([...selectedIds.value]).toEqual([4, 7])
  toggle(4)
  expect(isSelected(4)).toBe(false)
  expect(isSelected(7)).toBe(true)
})

test('one of several devices is the first, but not the only one', () => {
  const { select, firstId, onlyId } = useSelection()
  expect([firstId(), onlyId()]).toEqual([null, null])
  select([7])
  expect([firstId(), onlyId()]).toEqual([7, 7])
  select([4, 7])
  expect([firstId(), onlyId()]).toEqual([4, null])
})

test('a selection of links: toggled together, and ended by a selection of devices', () => {
  const { selectedLinkIds, select, toggleLinks, onlyLinkId, isEmpty } = useSelection()
  toggleLinks([3])
  expect(onlyLinkId()).toBe(3)
  toggleLinks([3, 4])
  expect([...selectedLinkIds.value]).toEqual([3, 4])
  expect(onlyLinkId()).toBeNull()
  toggleLinks([3, 4])
  expect(isEmpty()).toBe(true)
  toggleLinks([3])
  select([1])
  expect([...selectedLinkIds.value]).toEqual([])
})
