import { beforeEach, expect, test, vi } from 'vitest'
import { ApiError } from '../../api/http'
import { notices } from '../../stores/notices'
import { loadTrace, type Trace } from '../trace'
import { useAnnouncement } from './useAnnouncement'
import { useSelection } from './useSelection'
import { useTrace } from './useTrace'

vi.mock('../trace', () => ({ loadTrace: vi.fn(), traceText: () => 'The path.' }))

const load = vi.mocked(loadTrace)

beforeEach(() => {
  notices.length = 0
  load.mockReset()
  load.mockImplementation((deviceId) => Promise.resolve({ deviceId } as Trace))
})

function open() {
  const selection = useSelection()
  const announcer = useAnnouncement()
  return { selection, announcer, ...useTrace(selection, announcer) }
}

test('a path is shown and announced after the device', async () => {
  const { selection, announcer, trace, start } = open()
  selection.select([3])
  announcer.announce('ONT-3.')
  await start(3)
  expect(trace.value?.deviceId).toBe(3)
  expect(announcer.announcement.value).toBe('ONT-3. The path.')
})

test('a path that arrives after its device was deselected is not shown', async () => {
  const { selection, trace, start } = open()
  selection.select([3])
  const started = start(3)
  selection.select([4])
  await started
  expect(trace.value).toBeNull()
})

test('the selected device is toggled, several are not', async () => {
  const { selection, trace, toggle } = open()
  selection.select([3, 4])
  expect(toggle()).toBe(false)
  selection.select([3])
  expect(toggle()).toBe(true)
  await vi.waitFor(() => expect(trace.value?.deviceId).toBe(3))
  expect(toggle()).toBe(true)
  expect(trace.value).toBeNull()
})

test('a failure is shown as a notice', async () => {
  load.mockRejectedValue(new ApiError(404, 'Device 3 not found.'))
  const { selection, trace, start } = open()
  selection.select([3])
  await start(3)
  expect(trace.value).toBeNull()
  expect(notices).toMatchObject([{ text: 'Device 3 not found.', tone: 'error' }])
})
