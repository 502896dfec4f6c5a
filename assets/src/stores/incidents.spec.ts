import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { fetchIncidents, fetchMaintenance, postIncident } from '../api/incidents'
import type { IncidentDetail } from '../api/types'

vi.mock('../api/incidents')
const ask = vi.mocked(fetchIncidents)
const post = vi.mocked(postIncident)

beforeEach(() => {
  vi.resetModules()
  const kept = new Map<string, string>()
  vi.stubGlobal('localStorage', {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => kept.set(key, value),
  })
  ask.mockReset().mockResolvedValue({ open_count: 2, acknowledged_count: 1, incidents: [] })
  vi.mocked(fetchMaintenance).mockReset().mockResolvedValue([])
  post.mockReset().mockResolvedValue({ id: 7 } as IncidentDetail)
})

afterEach(() => vi.unstubAllGlobals())

test('those that somebody works on are counted, too', async () => {
  const { incidents, loadIncidents } = await import('./incidents')
  await loadIncidents()
  expect(incidents.value).toEqual({ phase: 'ready', count: 3, list: [], errorText: null })
})

test('an action sends a note only if there is one, remembers the name and loads the list again', async () => {
  const { actOnIncident } = await import('./incidents')
  await actOnIncident(7, 'acknowledge', 'Ada', '')
  expect(post).toHaveBeenCalledWith(7, 'acknowledge', { name: 'Ada' })
  await actOnIncident(7, 'note', 'Ada', 'an excavator')
  expect(post).toHaveBeenCalledWith(7, 'note', { name: 'Ada', note: 'an excavator' })
  expect(ask).toHaveBeenCalled()
  vi.resetModules()
  const { personName } = await import('./personName')
  expect(personName.value).toBe('Ada')
})
