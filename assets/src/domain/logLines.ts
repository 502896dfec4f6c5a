import type { LogFilter } from '../api/logs'
import type { LogGroup, LogLevel, LogLine } from '../api/types'
import type { Tone } from '../utils/tone'

/** The levels, most severe first. */
export const LOG_LEVELS = ['ERROR', 'WARN', 'INFO', 'DEBUG', 'TRACE'] as const satisfies readonly LogLevel[]
/** The module of the whole program. */
export const OWN_MODULE = 'unoc'
/** Modules that are worth a level of their own. */
export const MODULES = ['api', 'backup', 'engine', 'jobs', 'realtime', 'store', 'sync'].map((name) => `${OWN_MODULE}::${name}`)
/** What the server keeps: more are not shown either. */
export const LINES_KEPT_MAX = 100_000
/** Longest text of a filter that the server accepts. */
export const FILTER_LENGTH_MAX = 200

export const NO_FILTER: LogFilter = { level: '', module: '', text: '', request: '' }

const TONES: Record<LogLevel, Tone> = { ERROR: 'down', WARN: 'degraded', INFO: 'up', DEBUG: 'quiet', TRACE: 'quiet' }

export function toneOfLevel(level: LogLevel): Tone {
  return TONES[level]
}

/** Reads the filter out of the query of an address; what it does not know, it leaves out. */
export function readLogFilter(search: string): LogFilter {
  const params = new URLSearchParams(search)
  const text = (key: string): string => (params.get(key) ?? '').slice(0, FILTER_LENGTH_MAX)
  const level = text('level').toUpperCase()
  return {
    level: LOG_LEVELS.find((each) => each === level) ?? '',
    module: text('module'),
    text: text('text'),
    request: text('request'),
  }
}

/** The parts of the filter that are set, for the query of an address. */
export function writeLogFilter(filter: LogFilter): Partial<Record<keyof LogFilter, string>> {
  return Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== ''))
}

/** Whether the server would find the line by this filter. */
export function matches(filter: LogFilter, line: LogLine): boolean {
  if (filter.level !== '' && LOG_LEVELS.indexOf(line.level) > LOG_LEVELS.indexOf(filter.level)) return false
  if (filter.request !== '' && line.request_id !== filter.request) return false
  const { module } = filter
  if (module !== '' && line.target !== module && !line.target.startsWith(`${module}::`)) return false
  const part = filter.text.toLowerCase()
  return part === '' || [line.message, JSON.stringify(line.fields)].some((text) => text.toLowerCase().includes(part))
}

/** Lines newer than the last one of a list, in the order of their ids; a batch may repeat some of it. */
export function newerThan(lines: readonly LogLine[], batch: readonly LogLine[]): LogLine[] {
  const last = lines.at(-1)?.id ?? 0
  return batch.filter(({ id }) => id > last)
}

/** The module without the name of the program, which all have. */
export function shortModule(target: string): string {
  return target.startsWith(`${OWN_MODULE}::`) ? target.slice(OWN_MODULE.length + 2) : target
}

/** The fields of a line in one text: `status=503 cause=no room`. */
export function fieldsText({ fields }: LogLine): string {
  return Object.entries(fields)
    .map(([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join(' ')
}

/** The filter that finds the lines of a group: by the longest part that all of their messages have. */
export function filterOfGroup({ level, target, message }: LogGroup): LogFilter {
  const parts = message.split('…').map((part) => part.trim())
  const text = parts.reduce((longest, part) => (part.length > longest.length ? part : longest), '')
  return { level, module: target, text: text.slice(0, FILTER_LENGTH_MAX), request: '' }
}

/** The local time of a line, to the millisecond; with the day if it is not today. */
export function formatLogTime(iso: string, now: number): string {
  const time = new Date(iso)
  if (Number.isNaN(time.getTime())) return iso
  const two = (part: number): string => String(part).padStart(2, '0')
  const clock = `${[time.getHours(), time.getMinutes(), time.getSeconds()].map(two).join(':')}.${String(time.getMilliseconds()).padStart(3, '0')}`
  if (time.toDateString() === new Date(now).toDateString()) return clock
  return `${two(time.getMonth() + 1)}-${two(time.getDate())} ${clock}`
}
