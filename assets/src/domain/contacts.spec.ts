import { expect, test } from 'vitest'
import type { Contact, Contacts, IncidentNotice } from '../api/types'
import { contactFacts, contactState, contactSteps, nextNotice, noticeOutcome, testOutcome } from './contacts'

const NOTICE: IncidentNotice = {
  id: 1,
  incident_id: 7,
  report_id: null,
  contact: 'on-call',
  step: 0,
  event: 'opened',
  state: 'sent',
  due_at: '2026-11-29T12:00:00.000000Z',
  next_attempt_at: null,
  ended_at: '2026-11-29T12:00:01.000000Z',
  attempt_count: 1,
  answer: 'HTTP 200 OK',
  error: null,
}

const PLANNED: IncidentNotice = {
  ...NOTICE,
  id: 2,
  contact: 'manager',
  step: 1,
  state: 'pending',
  ended_at: null,
  attempt_count: 0,
  answer: null,
}

const CONTACT: Contact = {
  name: 'chat',
  channel: 'webhook',
  form: 'slack',
  address: 'https://hooks.slack.com/***',
  severities: ['critical', 'major'],
  quiet_hours: { from: '22:00', to: '06:00', severities: ['major'] },
  reports: [],
  waiting_count: 0,
  failure_count: 0,
  is_failing: false,
  error: null,
  last_sent_at: null,
}

test('a notice says what became of it', () => {
  expect(noticeOutcome(NOTICE)).toBe('told, HTTP 200 OK')
  expect(noticeOutcome(PLANNED)).toBe('planned')
  expect(noticeOutcome({ ...PLANNED, attempt_count: 2, error: 'no answer' })).toBe('failed 2\u00a0times: no answer')
  expect(noticeOutcome({ ...NOTICE, state: 'failed', error: 'no answer' })).toBe('given up: no answer')
})

test('the next one to be told is named with the time', () => {
  expect(nextNotice([NOTICE])).toBe('')
  expect(nextNotice([NOTICE, PLANNED])).toMatch(/^manager at 2026-11-29 .* unless acknowledged$/)
})

test('a contact is described in one line', () => {
  expect(contactFacts(CONTACT)).toBe('webhook, slack · only critical, major · major not from 22:00 to 06:00')
  const manager: Contact = { ...CONTACT, severities: [], quiet_hours: null, reports: ['daily_review', 'capacity'] }
  expect(contactFacts(manager)).toBe('webhook, slack · no incidents · reports: daily review, capacity')
  const contacts: Contacts = {
    contacts: [CONTACT],
    escalation: [
      { after_s: 0, contacts: ['on-call'] },
      { after_s: 900, contacts: ['chat', 'on-call'] },
    ],
    heartbeat: null,
    page_url: 'https://noc.example.org',
  }
  expect(contactSteps(contacts, 'on-call')).toBe('at once, after 15\u00a0min')
  expect(contactSteps(contacts, 'nobody')).toBe('never')
})

test('a contact that is not reached is seen', () => {
  expect(contactState(CONTACT).tone).toBe('quiet')
  expect(contactState({ ...CONTACT, failure_count: 1 }).tone).toBe('degraded')
  expect(contactState({ ...CONTACT, failure_count: 5, is_failing: true }).tone).toBe('down')
  expect(testOutcome({ contact: 'chat', is_ok: false, answer: null, error: 'HTTP 403' })).toBe('chat: not delivered, HTTP 403')
})
