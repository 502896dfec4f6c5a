import { linkEnds } from './linkEnds'
import type { LinkLists } from './linkList'

/** Columns of the server's table that identify a link. */
const KEY_COLUMNS = ['a_device', 'a_interface', 'b_device', 'b_interface']

/**
 * The rows of some links out of the server's table of all links, with its heading, in this order.
 * The rows stay as the server wrote them; a link that it does not have is left out.
 */
export function rowsOfLinks(table: string, separator: string, ids: readonly number[], lists: LinkLists): string {
  const rows = splitRows(table)
  const heading = rows[0] ?? ''
  const columns = KEY_COLUMNS.map((name) => splitCells(heading, separator).indexOf(name))
  const byKey = new Map<string, string>()
  for (const row of rows.slice(1)) {
    const cells = splitCells(row, separator)
    byKey.set(keyOf(columns.map((column) => cells[column] ?? '')), row)
  }
  const chosen = ids.flatMap((id) => {
    const link = lists.links.get(id)
    const ends = link === undefined ? null : linkEnds(link, lists)
    if (ends === null) return []
    return byKey.get(keyOf([ends.a.name, ends.a.port, ends.b.name, ends.b.port])) ?? []
  })
  return [heading, ...chosen].map((row) => `${row}\r\n`).join('')
}

function keyOf(cells: readonly string[]): string {
  return cells.join('\0')
}

/** A line end within quotes does not end a row. */
function splitRows(table: string): string[] {
  const rows: string[] = []
  let from = 0
  let isQuoted = false
  for (let at = 0; at < table.length; at += 1) {
    const char = table[at]
    if (char === '"') isQuoted = !isQuoted
    else if (char === '\n' && !isQuoted) {
      rows.push(table.slice(from, at).replace(/\r$/, ''))
      from = at + 1
    }
  }
  if (from < table.length) rows.push(table.slice(from))
  return rows
}

function splitCells(row: string, separator: string): string[] {
  const cells: string[] = []
  let from = 0
  let isQuoted = false
  for (let at = 0; at <= row.length; at += 1) {
    if (row[at] === '"') isQuoted = !isQuoted
    else if (at === row.length || (row[at] === separator && !isQuoted)) {
      cells.push(textOf(row.slice(from, at)))
      from = at + 1
    }
  }
  return cells
}

/** The text of a cell, without quotes and without the apostrophe that guards against formulas. */
function textOf(cell: string): string {
  const text = cell.startsWith('"') ? cell.slice(1, -1).replaceAll('""', '"') : cell
  return /^'+[=+\-@\t\r]/.test(text) ? text.slice(1) : text
}
