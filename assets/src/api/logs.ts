import { readJson, request, url } from './http'
import type { LogLevel, LogLevels, LogPage, LogSummary, NewLogLevel } from './types'

/** Which lines; an empty text means any. */
export interface LogFilter {
  /** This level and more severe ones. */
  level: LogLevel | ''
  /** A module, with those inside it. */
  module: string
  text: string
  /** The id of a request. */
  request: string
}

/** The newest lines with a smaller id than `before`. */
export async function fetchLogs(filter: LogFilter, limit: number, before: number | null): Promise<LogPage> {
  const query = queryOf(filter)
  query.set('limit', String(limit))
  if (before !== null) query.set('before', String(before))
  return readJson(await request('GET', `api/logs?${query.toString()}`))
}

/** Where these lines are as a file. */
export function logFileUrl(filter: LogFilter, format: 'text' | 'jsonl'): string {
  const query = queryOf(filter)
  query.set('format', format)
  return url(`api/logs/export?${query.toString()}`).href
}

export async function fetchLogSummary(): Promise<LogSummary> {
  return readJson(await request('GET', 'api/logs/summary'))
}

export async function fetchLogLevels(): Promise<LogLevels> {
  return readJson(await request('GET', 'api/logs/levels'))
}

export async function putLogLevel(level: NewLogLevel): Promise<LogLevels> {
  return readJson(await request('PUT', 'api/logs/levels', level))
}

export async function deleteLogLevel(target: string): Promise<LogLevels> {
  return readJson(await request('DELETE', `api/logs/levels?target=${encodeURIComponent(target)}`))
}

function queryOf({ level, module, text, request: id }: LogFilter): URLSearchParams {
  const query = new URLSearchParams()
  if (level !== '') query.set('level', level)
  if (module !== '') query.set('target', module)
  if (text !== '') query.set('text', text)
  if (id !== '') query.set('request_id', id)
  return query
}
