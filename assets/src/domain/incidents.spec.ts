import { expect, test } from 'vitest'
import type { Incident, Job, JobRun, MaintenanceWindow, TimelineEntry } from '../api/types'
import { causePage, customersText, entryHeading, failedRunReport, incidentNotes, networkKey, windowPlace, windowState } from './incidents'

const INCIDENT: Incident = {
  id: 7,
  key: 'network:link:12',
  source: 'network',
  state: 'open',
  severity: 'critical',
  title: 'OLT - SPL is set to DOWN',
  detail: '3 customers affected',
  subject: { kind: 'link', id: 12 },
  customer_count: 3,
  customer_count_max: 3,
  count: 1,
  is_active: true,
  is_flapping: false,
  maintenance_id: null,
  can_be_closed: false,
  first_seen_at: '2026-11-29T12:00:00.000000Z',
  last_seen_at: '2026-11-29T12:00:00.000000Z',
  acknowledgement: null,
  closed_at: null,
  closed_by: null,
}

test('the notes of an incident say what is unusual about it', () => {
  expect(incidentNotes(INCIDENT)).toEqual([])
  const acknowledgement = { name: 'Ada', note: null, at: INCIDENT.first_seen_at }
  expect(incidentNotes({ ...INCIDENT, count: 1200, is_flapping: true, maintenance_id: 1, acknowledgement })).toEqual([
    '1,200 times',
    'comes and goes',
    'muted by maintenance',
    'Ada works on it',
  ])
  expect(incidentNotes({ ...INCIDENT, is_flapping: true, is_active: false })).toEqual(['comes and goes, gone right now'])
})

test('the incident of a job leads to the report of the run that failed', () => {
  const run = (id: number, result: JobRun['result'], report_id: number | null): JobRun => ({
    id,
    trigger: 'schedule',
    started_at: `2026-11-29T11:0${id}:00.000000Z`,
    started_local: `2026-11-29T11:0${id}:00.000000Z`,
    ended_at: `2026-11-29T11:0${id}:30.000000Z`,
    duration_ms: 1,
    result,
    message: null,
    log: [],
    report_id,
  })
  const job: Job = {
    name: 'verify',
    title: 'Verify newest backup',
    schedule: '30 3 * * 0',
    default_schedule: '30 3 * * 0',
    is_enabled: true,
    next_run_at: null,
    next_run_local: null,
    running: null,
    runs: [run(3, 'ok', 9), run(2, 'failed', 8), run(1, 'failed', 7)],
  }
  const incident: Incident = { ...INCIDENT, source: 'job', key: 'job:verify', subject: null }
  expect(failedRunReport(incident, [job])).toBe(8)
  const closed: Incident = { ...incident, state: 'closed', is_active: false, closed_at: '2026-11-29T11:01:50.000000Z' }
  expect(failedRunReport(closed, [job])).toBe(7)
  expect(failedRunReport({ ...closed, closed_at: '2026-11-29T11:00:50.000000Z' }, [job])).toBeNull()
  expect(failedRunReport({ ...incident, key: 'job:prune' }, [job])).toBeNull()
  expect(failedRunReport({ ...incident, source: 'check' }, [job])).toBeNull()
})

test('customers are counted, with the most if they were more', () => {
  expect(customersText(INCIDENT)).toBe('3\u00a0customers')
  expect(customersText({ ...INCIDENT, customer_count: 1, customer_count_max: 30 })).toBe('1\u00a0customer, 30 at most')
  expect(customersText({ ...INCIDENT, customer_count: 0, customer_count_max: 0 })).toBe('')
})

test('the cause is shown on the page of its source', () => {
  expect(causePage(INCIDENT)?.to).toBe('/operations/problems/link/12')
  const job: Incident = { ...INCIDENT, subject: null, source: 'job', key: 'job:backup' }
  expect(causePage(job)?.to).toBe('/operations/jobs')
  expect(causePage({ ...job, source: 'check', key: 'check:disk.free' })?.to).toBe('/operations/health')
  expect(causePage({ ...job, source: 'service', key: 'service:overflow' })?.to).toBe('/operations/problems')
  expect(causePage({ ...job, source: 'service', key: 'service:unclean-shutdown' })).toBeNull()
  expect(networkKey('link', 12)).toBe(INCIDENT.key)
})

test('an entry of the timeline says what happened and who did it', () => {
  const entry = (kind: TimelineEntry['kind'], name: string | null): string =>
    entryHeading({ at: INCIDENT.first_seen_at, kind, name, text: '' })
  expect(entry('opened', null)).toBe('Opened')
  expect(entry('noted', 'Ada')).toBe('Note by Ada')
  expect(entry('closed', null)).toBe('Closed by itself')
  expect(entry('closed', 'Ada')).toBe('Closed by Ada')
  expect(entry('acknowledged', 'Ada')).toBe('Acknowledged by Ada')
})

test('a window names its place and where it is in its life', () => {
  const window: MaintenanceWindow = {
    id: 1,
    device_id: null,
    device_name: null,
    starts_at: '2026-11-29T12:00:00Z',
    ends_at: '2026-11-29T14:00:00Z',
    reason: 'splicing',
    name: 'Bo',
    // As it was when the list was loaded.
    is_active: false,
    has_ended: false,
  }
  const stateAt = (time: string) => windowState(window, Date.parse(`2026-11-29T${time}Z`))
  expect(['11:59:59', '12:00:00', '13:59:59', '14:00:00'].map(stateAt)).toEqual(['Planned', 'Active', 'Active', 'Ended'])
  const early = Date.parse('2026-11-29T11:00:00Z')
  expect(windowState({ ...window, is_active: true }, early)).toBe('Active')
  expect(windowState({ ...window, has_ended: true }, early)).toBe('Ended')
  expect(windowPlace(window)).toBe('The whole site')
  expect(windowPlace({ ...window, device_id: 4, device_name: 'OLT-1' })).toBe('OLT-1')
  expect(windowPlace({ ...window, device_id: 4 })).toBe('Device 4 (deleted)')
})
