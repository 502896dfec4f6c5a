import { ApiError, readJson, request, upload } from './http'
import type { ImportErrors, ImportReport } from './types'

/** The encoding of a file without a byte order mark. */
export const ENCODINGS = { 'utf-8': 'UTF-8', 'windows-1252': 'Windows-1252' } as const
export type Encoding = keyof typeof ENCODINGS

/** The separator between two cells. */
export const SEPARATORS = { comma: 'Comma', semicolon: 'Semicolon', tab: 'Tab' } as const
export type Separator = keyof typeof SEPARATORS
export const SEPARATOR_CHARS: Record<Separator, string> = { comma: ',', semicolon: ';', tab: '\t' }

/** The result of a table: a report, or its errors; then nothing was changed. */
export type Outcome = { report: ImportReport } | { faults: ImportErrors }

/** Imports a table, or only validates it. */
export async function sendTable(
  table: ArrayBuffer,
  options: { encoding: Encoding; dryRun: boolean; isPlan: boolean; requestId?: string | undefined },
): Promise<Outcome> {
  const path = `api/import/csv?dry_run=${options.dryRun}&encoding=${options.encoding}${options.isPlan ? '&lifecycle=planned' : ''}`
  try {
    return { report: await readJson<ImportReport>(await upload(path, table, 'text/csv', options.requestId)) }
  } catch (error) {
    if (error instanceof ApiError && isFaults(error.body)) return { faults: error.body }
    throw error
  }
}

/** These devices as a table, in this order. */
export async function fetchDeviceTable(
  ids: readonly number[],
  separator: Separator,
): Promise<string> {
  return (await request('POST', 'api/export/devices.csv', { ids, separator })).text()
}

/** All links as a table, by the names of their devices and ports. */
export async function fetchLinkTable(separator: Separator): Promise<string> {
  return (await request('GET', `api/export/links.csv?separator=${separator}`)).text()
}

/** All cross-connects as a table, by the names of their devices and ports. */
export async function fetchCrossConnectTable(separator: Separator): Promise<string> {
  return (await request('GET', `api/export/cross-connects.csv?separator=${separator}`)).text()
}

/** The tables that can be imported. */
export type TableKind = 'devices' | 'links' | 'cross-connects'

/** The heading of a table of the server. */
export async function fetchHeading(kind: TableKind, separator: Separator): Promise<string> {
  if (kind === 'devices') return fetchDeviceTable([], separator)
  return firstLine(await request('GET', `api/export/${kind}.csv?separator=${separator}`))
}

/** Reads no further than the first line: the whole table may have megabytes. */
async function firstLine(response: Response): Promise<string> {
  const reader = response.body?.getReader()
  const decoder = new TextDecoder()
  let text = ''
  while (reader !== undefined && !text.includes('\n')) {
    const { done, value } = await reader.read()
    text += decoder.decode(value, { stream: !done })
    if (done) break
  }
  await reader?.cancel()
  return text.split('\n')[0] ?? ''
}

function isFaults(body: unknown): body is ImportErrors {
  return typeof body === 'object' && body !== null && 'fault_count' in body && 'faults' in body
}
