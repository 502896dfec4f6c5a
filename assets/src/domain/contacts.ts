import type { Contact, Contacts, IncidentNotice, NoticeTest } from '../api/types'
import { formatCounted, formatMinute, formatSeconds } from '../utils/format'
import type { Tone } from '../utils/tone'

const EVENTS = new Map<string, string>([
  ['opened', 'Opened'],
  ['reopened', 'Came again'],
  ['worsened', 'Became worse'],
  ['continued', 'Still exists after the maintenance'],
  ['closed', 'Closed'],
])

/** What a notice tells. */
export function noticeEvent({ event }: IncidentNotice): string {
  return EVENTS.get(event) ?? event
}

/** What became of a notice. */
export function noticeOutcome(notice: IncidentNotice): string {
  if (notice.state === 'sent') return `told, ${notice.answer ?? ''}`
  if (notice.state === 'failed') return `given up: ${notice.error ?? ''}`
  return notice.error === null ? 'planned' : `failed ${formatCounted(notice.attempt_count, 'time')}: ${notice.error}`
}

/** Who is told next unless somebody acknowledges the incident; empty if nobody is. */
export function nextNotice(notices: readonly IncidentNotice[]): string {
  const waiting = notices.filter(({ state, attempt_count: attempts }) => state === 'pending' && attempts === 0)
  const next = waiting.sort((a, b) => a.due_at.localeCompare(b.due_at))[0]
  if (next === undefined) return ''
  const when = `${next.contact} at ${formatMinute(next.due_at)}`
  return next.step > 0 ? `${when} unless acknowledged` : when
}

/** By which way a contact is told, of what, and which reports it is sent. */
export function contactFacts({ channel, form, severities, quiet_hours: quiet, reports }: Contact): string {
  const way = channel === 'email' ? 'e-mail' : `webhook, ${form ?? ''}`
  const facts = [way, severitiesText(severities)]
  if (quiet !== null) facts.push(`${quiet.severities.join(', ')} not from ${quiet.from} to ${quiet.to}`)
  if (reports.length > 0) facts.push(`reports: ${reports.map((kind) => kind.replaceAll('_', ' ')).join(', ')}`)
  return facts.join(' · ')
}

function severitiesText(severities: readonly string[]): string {
  if (severities.length === 0) return 'no incidents'
  return severities.length === 3 ? 'all severities' : `only ${severities.join(', ')}`
}

/** When a contact is told, in the order of the steps. */
export function contactSteps({ escalation }: Contacts, name: string): string {
  const steps = escalation.filter(({ contacts }) => contacts.includes(name))
  if (steps.length === 0) return 'never'
  return steps.map(({ after_s: after }) => (after === 0 ? 'at once' : `after ${formatSeconds(after)}`)).join(', ')
}

/** How delivery to a contact goes. */
export function contactState(contact: Contact): { tone: Tone; label: string } {
  if (contact.is_failing) return { tone: 'down', label: 'Not reached' }
  if (contact.failure_count > 0) return { tone: 'degraded', label: 'Last attempt failed' }
  return contact.last_sent_at === null ? { tone: 'quiet', label: 'Not told yet' } : { tone: 'up', label: 'Reached' }
}

/** The outcome of a test in one sentence. */
export function testOutcome({ contact, is_ok: isOk, answer, error }: NoticeTest): string {
  return isOk ? `${contact}: accepted (${answer ?? ''})` : `${contact}: not delivered, ${error ?? ''}`
}
