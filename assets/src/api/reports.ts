import { readJson, request, url } from './http'
import type { Report, ReportHead, ReportKind } from './types'

/** Reports of one kind or of all, the newest first; those with a smaller id than `before`, if there is one. */
export async function fetchReports(kind: ReportKind | null, limit: number, before: number | null): Promise<ReportHead[]> {
  const of = kind === null ? '' : `&kind=${kind}`
  const from = before === null ? '' : `&before=${before}`
  return readJson(await request('GET', `api/reports?limit=${limit}${of}${from}`))
}

/** A report as a whole; `ApiError` 404 when there is none (any more). */
export async function fetchReport(id: number): Promise<Report> {
  return readJson(await request('GET', `api/reports/${id}`))
}

/** Where the JSON of a report is. */
export function reportAddress(id: number): string {
  return url(`api/reports/${id}`).href
}
