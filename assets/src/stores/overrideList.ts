import { fetchOverrides } from '../api/problems'
import { derivedList } from './derivedList'

/** Every override of a device or link, the oldest first. */
export const {
  state: overrideList,
  schedule: scheduleOverrides,
  load: loadOverrides,
} = derivedList(async () => {
  const { count, overrides: list } = await fetchOverrides()
  return { count, list }
})
