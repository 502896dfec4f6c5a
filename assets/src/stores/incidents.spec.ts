import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { fetchIncidents, fetchMaintenance, postIncident } from '../api/incidents'
import type { Incident, IncidentDetail } from '../api/types'

vi.mock('../api/incidents', { spy: true })
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

test('the worst that nobody works on comes first', async () => {
  const incident = (id: number, name: string | null): Incident =>
    ({ id, acknowledgement: name === null ? null : { name } }) as Incident
  const found = { critical: [incident(1, 'Ada'), incident(2, null)], major: [incident(3, null)], minor: [incident(4, null)] }
  ask.mockImplementation((_, __, severity) =>
    Promise.resolve({ open_count: 3, acknowledged_count: 1, incidents: severity === undefined ? [] : found[severity] }),
  )
  const { incidents, loadIncidents } = await import('./incidents')
  await loadIncidents()
  expect(incidents.value).toMatchObject({ count: 4, list: [{ id: 2 }, { id: 3 }, { id: 4 }, { id: 1 }] })
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
