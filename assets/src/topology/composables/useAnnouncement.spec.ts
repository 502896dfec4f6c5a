import { expect, test } from 'vitest'
import { useAnnouncement } from './useAnnouncement'

test('an announcement replaces the one before, and can be continued', () => {
  const { announcement, announce, append } = useAnnouncement()
  announce('OLT-1, OLT, UP.')
  announce('ONT-1, ONT, UP.')
  append('Path to the backbone: ONT-1.')
  expect(announcement.value).toBe('ONT-1, ONT, UP. Path to the backbone: ONT-1.')
})
